from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from pharia_kernel.runtimes.skill import MIB, SkillLimits
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.types import SkillPath

from .components import SOURCES, build, forget_unused
from .guest import Guest
from .scripted_csi import ScriptedCsi

_HERE = Path(__file__).parent
_FIRST_BUILD_SECONDS = 480
"""For all components, on a slow machine; later runs find them in the user's cache."""
_BUILDS_AT_ONCE = 2
LIMITS = SkillLimits(memory_bytes=96 * MIB)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(_FIRST_BUILD_SECONDS))


@pytest.fixture(scope="session")
def components_folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "pharia" / "tests" / "components"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def built(components_folder: Path) -> Iterator[dict[str, Future[bytes]]]:
    """All components by name, being built."""
    forget_unused(components_folder)
    with ThreadPoolExecutor(_BUILDS_AT_ONCE) as pool:
        yield {source.name: pool.submit(build, source, components_folder) for source in SOURCES}
        pool.shutdown(cancel_futures=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runtime(components_folder: Path) -> AsyncIterator[WasmRuntime]:
    options = EngineOptions(instances=64, memory_bytes=LIMITS.memory_bytes, quick_code=True)
    async with WasmRuntime(options, cache_folder=components_folder / "code") as runtime:
        yield runtime


@pytest.fixture(scope="session")
def loaded() -> dict[str, Guest]:
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def guest(
    request: pytest.FixtureRequest, built: dict[str, Future[bytes]], runtime: WasmRuntime, loaded: dict[str, Guest]
) -> Guest:
    """The component a test names, in the runtime all share."""
    name: str = request.param
    if name not in loaded:
        code = await asyncio.wrap_future(built[name])
        loaded[name] = Guest(name, await runtime.load(SkillPath("conformance", name), code, LIMITS))
    return loaded[name]


@pytest_asyncio.fixture(loop_scope="session")
async def no_csi() -> ScriptedCsi:
    """Nothing is expected to be asked."""
    return ScriptedCsi()
