"""Whatever a skill does, its caller gets one clear error and the others are served."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Sequence

import pytest

from components import wat
from components.loading import MIB, PLACES, Load
from pharia_kernel.csi.types import CompleteAnswer, CompleteRequest
from pharia_kernel.errors import (
    BackendFailed,
    HostFault,
    KernelError,
    MemoryExceeded,
    OutputTooLarge,
    SkillExited,
    SkillLoadError,
    SkillRejectedInput,
    SkillTrapped,
)
from pharia_kernel.runtimes.skill import SkillLimits

HELLO = b'"hello"'


class Backend:
    """Completes with the prompt in capitals; counts who waits."""

    def __init__(self, *, hang: bool = False, error: Exception | None = None) -> None:
        self.waiting = 0
        self.asked = asyncio.Event()
        self._hang = hang
        self._error = error

    async def complete(self, requests: Sequence[CompleteRequest]) -> list[CompleteAnswer]:
        self.waiting += 1
        self.asked.set()
        try:
            if self._hang:
                await asyncio.Event().wait()
            if self._error:
                raise self._error
            return [CompleteAnswer(request.prompt.upper(), "stop") for request in requests]
        finally:
            self.waiting -= 1


async def test_a_guest_gets_what_it_asks_for(load: Load) -> None:
    skill = await load(wat.ASKING)
    assert await skill.run(HELLO, Backend(), None) == b'"HELLO"'


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (wat.TRAPPING, SkillTrapped),
        (wat.EXIT, SkillExited),
        (wat.LARGE_OUTPUT, OutputTooLarge),
        (wat.REJECTING, SkillRejectedInput),
        (wat.BIG_MEMORY, MemoryExceeded),
        (wat.EATS_MEMORY, SkillTrapped),
    ],
)
async def test_a_failing_guest_is_told_apart(load: Load, code: bytes, error: type[KernelError]) -> None:
    skill = await load(code)
    with pytest.raises(error):
        await skill.run(HELLO, Backend(), None)
    assert await (await load(wat.TEXT_ECHO)).run(HELLO, Backend(), None) == HELLO


async def test_answers_larger_than_allowed_are_refused_before_wasmtime_gives_up(load: Load) -> None:
    skill = await load(wat.handler(wat.ECHO), SkillLimits(memory_bytes=32 * MIB, output_bytes=10))
    assert await skill.run(b"1234567890", Backend(), None) == b"1234567890"
    with pytest.raises(OutputTooLarge, match="10 bytes"):
        await skill.run(b"12345678901", Backend(), None)


async def test_answers_of_many_megabytes_cross_where_the_operator_allows_them(load: Load) -> None:
    skill = await load(wat.handler(wat.ECHO), SkillLimits(memory_bytes=64 * MIB, output_bytes=10 * MIB))
    text = b'"' + "grüße ".encode() * MIB + b'"'
    assert await skill.run(text, Backend(), None) == text


async def test_a_skill_of_the_first_interface_wants_text(load: Load) -> None:
    with pytest.raises(SkillRejectedInput):
        await (await load(wat.TEXT_ECHO)).run(b'{"a":1}', Backend(), None)


async def test_a_failure_of_the_csi_ends_the_run_with_that_failure(load: Load) -> None:
    skill = await load(wat.ASKING)
    with pytest.raises(BackendFailed, match="on fire"):
        await skill.run(HELLO, Backend(error=BackendFailed("on fire")), None)


async def test_a_fault_of_the_host_is_ours_and_hides_its_text(load: Load) -> None:
    skill = await load(wat.ASKING)
    with pytest.raises(HostFault) as caught:
        await skill.run(HELLO, Backend(error=ZeroDivisionError("secret")), None)
    assert "secret" not in str(caught.value)


async def test_cancelling_stops_a_computing_guest(load: Load) -> None:
    skill = await load(wat.ENDLESS)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await skill.run(HELLO, Backend(), None)
    assert load.runtime.free_places == PLACES


async def test_cancelling_stops_a_sleeping_guest(load: Load) -> None:
    skill = await load(wat.sleeper(3600 * 10**9))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await skill.run(HELLO, Backend(), None)
    assert load.runtime.free_places == PLACES


async def test_cancelling_reaches_the_backend(load: Load) -> None:
    skill = await load(wat.ASKING)
    backend = Backend(hang=True)
    run = asyncio.create_task(skill.run(HELLO, backend, None))
    await backend.asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert backend.waiting == 0
    assert load.runtime.free_places == PLACES


async def test_sleeping_guests_hold_no_thread(load: Load) -> None:
    """With two threads, a hundred sleepers would otherwise need fifty times as long as one."""
    skill = await load(wat.sleeper(10**8))
    echo = await load(wat.TEXT_ECHO)
    async with asyncio.TaskGroup() as group:
        sleepers = [group.create_task(skill.run(HELLO, Backend(), None)) for _ in range(100)]
        assert await echo.run(HELLO, Backend(), None) == HELLO
        assert not any(sleeper.done() for sleeper in sleepers)


async def test_endless_loops_do_not_keep_others_from_their_turn(load: Load) -> None:
    loop, echo = await load(wat.ENDLESS), await load(wat.TEXT_ECHO)
    loops = [asyncio.create_task(loop.run(HELLO, Backend(), None)) for _ in range(4)]
    assert await echo.run(HELLO, Backend(), None) == HELLO
    for run in loops:
        run.cancel()
    await asyncio.wait(loops)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (b"garbage", "not WebAssembly"),
        (b"", "not WebAssembly"),
        (b"\0asm\x0d\0\x01\0 and then nothing that fits", "decoding"),
        (wat.component("(module)"), "not a component"),
        (wat.component("(component)"), "supported pharia:skill world"),
        (wat.handler(wat.ECHO, version="0.3.12"), "not supported by this Kernel installation yet"),
        (wat.handler(wat.ECHO, version="0.6.0"), "not supported by this Kernel installation yet"),
        (wat.handler(wat.ECHO, version="0.0.1"), "no longer supported"),
        (wat.handler(wat.ECHO, version="0.3.0-alpha.14"), "pre-release"),
        (
            wat.handler("(i32.const 0)", version="0.2.0", imports='(import "wasi:http/types@0.2.0" (instance))'),
            "wasi:http",
        ),
    ],
)
async def test_what_is_not_a_skill_is_refused_with_the_reason(load: Load, code: bytes, text: str) -> None:
    with pytest.raises(SkillLoadError, match=text):
        await load(code)


async def test_imports_with_a_foreign_signature_are_refused_when_the_skill_is_loaded(load: Load) -> None:
    """wasmtime links them silently and fails in the middle of a run."""
    code = wat.text_skill(
        "", imports='(import "pharia:skill/csi" (instance (export "complete-text" (func (param "prompt" string)))))'
    )
    with pytest.raises(SkillLoadError, match="signature"):
        await load(code)


@pytest.mark.parametrize("version", ["0.1.0", "0.2.7", "0.3.4", "0.3.6", "0.3.11", "0.4.0", "0.5.0"])
async def test_every_patch_of_every_line_runs(load: Load, version: str) -> None:
    skill = await load(wat.handler(wat.ECHO, version=version))
    assert skill.version == version[:3]
    assert await skill.run(HELLO, Backend(), None) == HELLO


async def test_nothing_is_left_behind_after_five_hundred_rounds_of_faults(load: Load) -> None:
    skills = [
        await load(code)
        for code in (wat.TRAPPING, wat.EXIT, wat.ASKING, wat.LARGE_OUTPUT, wat.TEXT_ECHO, wat.EATS_MEMORY)
    ]
    sleeper, endless = await load(wat.sleeper(3600 * 10**9)), await load(wat.ENDLESS)
    backend = Backend(hang=True)

    async def round_of_faults() -> None:
        runs = [asyncio.create_task(skill.run(HELLO, backend, None)) for skill in (*skills, sleeper, endless)]
        await asyncio.wait(runs, timeout=0.001)
        for run in runs:
            run.cancel()
        await asyncio.wait(runs)
        for run in runs:
            if not run.cancelled():
                run.exception()

    for _ in range(20):
        await round_of_faults()
    gc.collect()
    tasks, files, objects = len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")), len(gc.get_objects())
    for _ in range(480):
        await round_of_faults()
    gc.collect()
    await load.all_given_back()
    assert backend.waiting == 0
    assert len(asyncio.all_tasks()) == tasks
    assert len(os.listdir("/proc/self/fd")) == files
    assert len(gc.get_objects()) - objects < 200
