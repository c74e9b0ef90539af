from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from components.loading import MIB, PLACES, Load
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime


@pytest.fixture
async def load(tmp_path: Path) -> AsyncIterator[Load]:
    options = EngineOptions(instances=PLACES, memory_bytes=64 * MIB)
    async with WasmRuntime(options, threads=2, cache_folder=tmp_path / "code") as runtime:
        load = Load(runtime)
        yield load
        await load.all_given_back()
