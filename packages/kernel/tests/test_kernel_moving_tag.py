"""A tag of a real registry moves, and the registry goes away and comes back, under load: nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import wasmtime

from doubles.docker_registry import docker_registry
from doubles.eventually import until
from doubles.oci_image import OciImage, skill_image
from pharia_kernel.config import NamespaceSettings, Settings
from pharia_kernel.config.skill_entries import ProgrammableEntry
from pharia_kernel.kernel import Kernel
from pharia_kernel.skills import NamespaceState

CALLERS, VERSIONS = 50, 6


def version(number: int) -> OciImage:
    """A component that answers with its number, twice in one text: half of one would show."""
    return skill_image(
        bytes(
            wasmtime.wat2wasm(f"""
            (component
              (core module $m
                (memory (export "memory") 2)
                (global $free (mut i32) (i32.const 1024))
                (data (i32.const 16) "{number:02} {number:02}")
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                  (global.get $free)
                  (global.set $free (i32.add (global.get $free) (local.get 3))))
                (func (export "run") (param i32 i32) (result i32)
                  (i32.store (i32.const 0) (i32.const 16))
                  (i32.store (i32.const 4) (i32.const 5))
                  (i32.const 0)))
              (core instance $i (instantiate $m))
              (func (export "run") (param "in" string) (result string)
                (canon lift (core func $i "run")
                  (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
            """)
        )
    )


class Load:
    """Callers that each call about every second, all together fifty times a second."""

    def __init__(self, kernel: Kernel) -> None:
        self.answers: list[str] = []
        self.ended = False
        self._kernel = kernel

    async def call(self, first: float) -> None:
        await asyncio.sleep(first)
        while not self.ended:
            self.answers.append(str(await self._kernel.run("team/haiku", "x")))
            await asyncio.sleep(1)

    def reaches(self, number: int) -> Callable[[], bool]:
        return lambda: bool(self.answers) and self.answers[-1] == f"{number:02} {number:02}"


def settings_of(host: str, folder: Path) -> Settings:
    haiku = (ProgrammableEntry(name="haiku"),)
    return Settings(
        namespaces={"team": NamespaceSettings(skills=haiku, registry=host, base_repository="team")},
        namespace_update_interval=0.05,
        inference="none",
        cache_dir=folder / "cache",
    )


async def test_no_call_fails_and_none_runs_on_half_a_version(tmp_path: Path) -> None:
    with ExitStack() as running:
        registry = running.enter_context(docker_registry(tmp_path))
        await registry.push("team/haiku:latest", version(0))
        async with Kernel(settings_of(registry.host, tmp_path)) as kernel, asyncio.TaskGroup() as group:
            load = Load(kernel)
            for number in range(CALLERS):
                group.create_task(load.call(number / CALLERS))
            for number in range(1, VERSIONS):
                await until(load.reaches(number - 1))
                await registry.push("team/haiku:latest", version(number))
            await until(load.reaches(VERSIONS - 1))
            running.close()
            await until(lambda: kernel.namespace("team").state is NamespaceState.UNAVAILABLE)
            calls = len(load.answers)
            await until(lambda: len(load.answers) > calls + CALLERS)
            running.enter_context(docker_registry(tmp_path, address=registry.host))
            await until(lambda: kernel.namespace("team").state is NamespaceState.WORKING)
            load.ended = True
    assert load.answers == sorted(load.answers), "nobody gets an older version than somebody got before"
    assert {answer[:2] for answer in load.answers} == {f"{number:02}" for number in range(VERSIONS)}
    assert all(answer[:2] == answer[3:] for answer in load.answers)
