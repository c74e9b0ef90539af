"""The kernel with real components, written as text: hot reload, broken files, deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

from pharia_kernel.config import LimitSettings, NamespaceSettings, Settings
from pharia_kernel.errors import DeadlineExceeded, SkillLoadError, SkillTrapped
from pharia_kernel.invocations import Answer
from pharia_kernel.kernel import Kernel
from pharia_kernel.types import Caller, SkillKind, SkillPath

SKILL = SkillPath("dev", "skill")


def component(body: str) -> bytes:
    """A skill of the first interface; ``body`` has the input's address and length and leaves that of the answer."""
    return bytes(
        wasmtime.wat2wasm(f"""
        (component
          (core module $m
            (memory (export "memory") 2)
            (global $free (mut i32) (i32.const 1024))
            (data (i32.const 16) "one")
            (data (i32.const 32) "two")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
              (global.get $free)
              (global.set $free (i32.add (global.get $free) (local.get 3))))
            (func (export "run") (param $address i32) (param $length i32) (result i32)
              {body}
              (i32.store (i32.const 0) (local.get $address))
              (i32.store (i32.const 4) (local.get $length))
              (i32.const 0)))
          (core instance $i (instantiate $m))
          (func (export "run") (param "in" string) (result string)
            (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
        """)
    )


ECHO = component("")
ONE = component("(local.set $address (i32.const 16)) (local.set $length (i32.const 3))")
TWO = component("(local.set $address (i32.const 32)) (local.set $length (i32.const 3))")
TRAP = component("unreachable")
LOOP = component("(loop $again (br $again))")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    directory = tmp_path / "skills"
    directory.mkdir()
    return Settings(
        namespaces={"dev": NamespaceSettings(directory=directory)},
        directory_scan_interval=0.01,
        inference="none",
        limits=LimitSettings(deadline_seconds=0.3, memory_bytes=16 << 20, concurrent_calls=8),
        cache_dir=tmp_path / "cache",
    )


def put(settings: Settings, code: bytes) -> None:
    path = settings.namespaces["dev"].directory / "skill.wasm"
    path.with_suffix(".part").write_bytes(code)
    path.with_suffix(".part").replace(path)


async def call_until(kernel: Kernel, wanted: Callable[[Answer], bool]) -> Answer:
    """Call again and again, as clients do while somebody deploys."""
    async with asyncio.timeout(20):
        while not wanted(answer := await kernel.invoke(SKILL, b'""', Caller())):
            assert answer.output in (b'"one"', b'"two"')
    return answer


async def test_a_component_answers(settings: Settings) -> None:
    put(settings, ECHO)
    async with Kernel(settings) as kernel:
        assert await kernel.run("dev/skill", "grüße") == "grüße"
        assert (await kernel.metadata(SKILL)).skill_type is SkillKind.FUNCTION


async def test_a_new_file_takes_over_while_calls_go_on(settings: Settings) -> None:
    put(settings, ONE)
    async with Kernel(settings) as kernel:
        first = await kernel.invoke(SKILL, b'""', Caller())
        put(settings, TWO)
        calls = [call_until(kernel, lambda answer: answer.output == b'"two"') for _ in range(4)]
        second, *_ = await asyncio.gather(*calls)
        assert second.skill_digest != first.skill_digest


@pytest.mark.parametrize(
    "broken",
    [b"garbage", b"", ONE[:100], bytes(wasmtime.wat2wasm("(module)"))],
    ids=["garbage", "empty", "cut off", "core module"],
)
async def test_a_broken_file_does_not_take_down_the_working_one(settings: Settings, broken: bytes) -> None:
    put(settings, ONE)
    async with Kernel(settings) as kernel:
        assert await kernel.run("dev/skill", "") == "one"
        put(settings, broken)
        answer = await call_until(kernel, lambda answer: answer.warning is not None)
        assert answer.output == b'"one"'
        assert "can not be loaded" in str(answer.warning)
        put(settings, TWO)
        answer = await call_until(kernel, lambda answer: answer.warning is None)
        assert (answer.output, answer.warning) == (b'"two"', None)


async def test_a_first_file_that_is_garbage_says_so(settings: Settings) -> None:
    put(settings, b"garbage")
    async with Kernel(settings) as kernel:
        with pytest.raises(SkillLoadError):
            await kernel.run("dev/skill", "")


async def test_a_trap_ends_one_call_only(settings: Settings) -> None:
    put(settings, TRAP)
    async with Kernel(settings) as kernel:
        for _ in range(3):
            with pytest.raises(SkillTrapped):
                await kernel.run("dev/skill", "")


async def test_an_endless_loop_ends_at_the_deadline_or_with_its_caller(settings: Settings) -> None:
    put(settings, LOOP)
    async with Kernel(settings) as kernel:
        with pytest.raises(DeadlineExceeded):
            await kernel.run("dev/skill", "")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(kernel.run("dev/skill", ""), 0.05)
        assert kernel.status().running_calls == 0
