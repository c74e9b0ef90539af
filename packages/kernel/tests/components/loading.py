"""A runtime with small limits."""

from __future__ import annotations

import asyncio

from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.runtimes.wasm import WasmRuntime
from pharia_kernel.runtimes.wasm.skill import WasmSkill
from pharia_kernel.types import SkillPath

MIB = 1 << 20
PLACES = 200
_PATH = SkillPath("dev", "skill")


class Load:
    """Makes skills of components."""

    def __init__(self, runtime: WasmRuntime) -> None:
        self.runtime = runtime

    async def __call__(self, code: bytes, limits: SkillLimits | None = None) -> WasmSkill:
        return await self.runtime.load(_PATH, code, limits or SkillLimits(memory_bytes=32 * MIB))

    @property
    def spares(self) -> int:
        """Fresh instances ready or being made."""
        spares = self.runtime._host.spares
        return spares.ready + spares.coming

    async def all_given_back(self) -> None:
        """An answer is delivered before its instance is taken down; wait for that."""
        async with asyncio.timeout(10):
            while self.runtime.free_places < PLACES:  # noqa: ASYNC110 - places have no event
                await asyncio.sleep(0.001)
