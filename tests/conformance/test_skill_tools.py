"""Components that call components, served by the whole kernel."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from pharia_kernel.config import LimitSettings, NamespaceSettings, Settings
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.kernel import Kernel
from pharia_kernel.runtimes.skill import MIB
from pharia_kernel.runtimes.wasm import WasmRuntime

from .components import SOURCES

FUNCTIONS = [source.name for source in SOURCES if source.app == "function"]
CALLEES, CALLERS = FUNCTIONS[:2], FUNCTIONS[2:]
"""The first lines describe no input, so that they can be called with names; the later ones can use tools."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kernel(
    built: dict[str, Future[bytes]], runtime: WasmRuntime, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Kernel]:
    folder: Path = tmp_path_factory.mktemp("skills")
    for name in FUNCTIONS:
        (folder / f"{name}.wasm").write_bytes(await asyncio.wrap_future(built[name]))
    settings = Settings(
        namespaces={"dev": NamespaceSettings(directory=folder, skill_tools=True)},
        inference="none",
        limits=LimitSettings(memory_bytes=96 * MIB, concurrent_calls=1),
    )
    async with Kernel(settings, runtime=contextlib.nullcontext(runtime), backend=AbsentBackend()) as kernel:
        await kernel.loaded()
        yield kernel


def call(*names: str) -> list[Any]:
    return ["call", "tool", "invoke-tool", [{"tool_name": name, "arguments": []} for name in names]]


@pytest.mark.parametrize("name", CALLERS)
async def test_a_component_gets_what_another_one_answers(kernel: Kernel, name: str) -> None:
    (tools, results) = await kernel.run(f"dev/{name}", [["call", "tool", "list-tools"], call(*CALLEES)])
    assert [tool["name"] for tool in tools] == sorted(CALLEES)
    assert results == [{"ok": [{"text": "[]"}]}] * 2


@pytest.mark.parametrize("name", CALLERS)
async def test_it_survives_what_another_one_can_not_do(kernel: Kernel, name: str) -> None:
    wrong = ["call", "tool", "invoke-tool", [{"tool_name": CALLEES[0], "arguments": [{"name": "spam", "value": "1"}]}]]
    ((failed,), (again,)) = await kernel.run(f"dev/{name}", [wrong, call(CALLEES[0])])
    assert failed["err"].startswith(f"skill dev/{CALLEES[0]}: ")
    assert again == {"ok": [{"text": "[]"}]}
