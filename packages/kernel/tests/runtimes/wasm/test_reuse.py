"""Instances that serve several calls: only where allowed, after calls that ended well, and never for another skill."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from components import wat
from components.loading import MIB, Load
from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.errors import KernelError, SkillTrapped
from pharia_kernel.runtimes.skill import InstancePolicy, SkillLimits
from pharia_kernel.runtimes.wasm.skill import WasmSkill
from pharia_kernel.types import MessageBegin, OutputItem

COUNT = """
          (i32.store8 (i32.const 100) (i32.add (i32.load8_u (i32.const 100)) (i32.const 1)))
"""
ANSWER = """
          (local.set $address (i32.const 100))
          (local.set $length (i32.const 1))
"""
COUNTING = wat.text_skill(COUNT + ANSWER)
TRAPS_THE_THIRD_TIME = wat.text_skill(
    f"{COUNT} (if (i32.eq (i32.load8_u (i32.const 100)) (i32.const 3)) (then unreachable)) {ANSWER}"
)
HANGS_THE_SECOND_TIME = wat.text_skill(
    f"{COUNT} (if (i32.eq (i32.load8_u (i32.const 100)) (i32.const 2)) (then (loop $again (br $again)))) {ANSWER}"
)
KEEPS_ITS_OUTPUT = wat.stream("""
          (if (i32.load8_u (i32.const 100)) (then (call $begin (i32.load (i32.const 104)))))
          (i32.store8 (i32.const 100) (i32.const 1))
          (i32.store (i32.const 104) (local.get $output))
          (call $begin (local.get $output))
          (call $end (local.get $output))
          (return (i32.const 0))
""")
"""From its second call on it writes to the output of the first."""


def limits(reuse: int, idle_seconds: float = 60.0, spare: int | None = None) -> SkillLimits:
    return SkillLimits(memory_bytes=32 * MIB, instances=InstancePolicy(reuse, idle_seconds, spare))


async def count(skill: WasmSkill) -> int:
    """Calls the instance has served, this one included."""
    return ord(msgspec.json.decode(await skill.run(b'""', ForbiddenCsi(), None)))


class Written:
    def __init__(self) -> None:
        self.items: list[OutputItem] = []

    def try_write(self, item: OutputItem) -> bool:
        self.items.append(item)
        return True

    async def write(self, item: OutputItem) -> None:
        self.items.append(item)


async def test_without_leave_no_call_sees_what_another_left(load: Load) -> None:
    skill = await load(COUNTING)
    assert [await count(skill) for _ in range(5)] == [1] * 5


async def test_an_instance_serves_as_many_calls_as_it_may(load: Load) -> None:
    skill = await load(COUNTING, limits(reuse=3))
    assert [await count(skill) for _ in range(7)] == [1, 2, 3, 1, 2, 3, 1]


async def test_calls_at_the_same_time_have_instances_of_their_own(load: Load) -> None:
    skill = await load(COUNTING, limits(reuse=100))
    counts = await asyncio.gather(*(count(skill) for _ in range(20)))
    for served in range(2, max(counts) + 1):
        assert counts.count(served) <= counts.count(served - 1), "each instance counts its calls one by one"


async def test_skills_of_the_same_bytes_do_not_share_instances(load: Load) -> None:
    mine, theirs = await load(COUNTING, limits(reuse=10)), await load(COUNTING, limits(reuse=10))
    assert [await count(mine), await count(mine), await count(theirs)] == [1, 2, 1]


async def test_an_instance_that_failed_is_not_used_again(load: Load) -> None:
    skill = await load(TRAPS_THE_THIRD_TIME, limits(reuse=10))
    assert [await count(skill), await count(skill)] == [1, 2]
    with pytest.raises(SkillTrapped):
        await count(skill)
    assert await count(skill) == 1


async def test_an_instance_whose_call_was_cancelled_is_not_used_again(load: Load) -> None:
    skill = await load(HANGS_THE_SECOND_TIME, limits(reuse=10))
    assert await count(skill) == 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(count(skill), 0.05)
    assert await count(skill) == 1


async def test_an_instance_that_nobody_calls_is_taken_down(load: Load) -> None:
    skill = await load(COUNTING, limits(reuse=10, idle_seconds=0.001))
    assert await count(skill) == 1
    async with asyncio.timeout(10):
        while await count(skill) != 1:  # noqa: ASYNC110 - taking down has no event
            await asyncio.sleep(0.005)


async def test_an_output_ends_with_its_call(load: Load) -> None:
    skill = await load(KEEPS_ITS_OUTPUT, limits(reuse=10))
    first, second = Written(), Written()
    await skill.run(b'""', ForbiddenCsi(), first)
    assert isinstance(first.items[0], MessageBegin)
    with pytest.raises(KernelError):
        await skill.run(b'""', ForbiddenCsi(), second)
    assert second.items == []


async def test_a_closed_skill_leaves_no_instance(load: Load) -> None:
    skill = await load(COUNTING, limits(reuse=10))
    await count(skill)
    await skill.aclose()
    await load.all_given_back()
    again = await load(COUNTING, limits(reuse=10))
    assert await count(again) == 1


async def test_a_skill_can_go_without_spares(load: Load) -> None:
    skill = await load(COUNTING, limits(reuse=1, spare=0))
    assert [await count(skill), await count(skill)] == [1, 1]
    await load.all_given_back()
    assert load.spares == 0
