"""The runtime of a skill by what its code is: a component, or the archive of a Lua package."""

from __future__ import annotations

from contextlib import AsyncExitStack

from pharia_kernel.runtimes.lua.archive import is_package
from pharia_kernel.runtimes.lua.runtime import LuaRuntime
from pharia_kernel.runtimes.skill import Skill, SkillLimits
from pharia_kernel.runtimes.wasm import WasmRuntime
from pharia_kernel.types import SkillPath


class EveryRuntime:
    """Implements :class:`~pharia_kernel.runtimes.skill.Runtime`; an async context manager that owns both."""

    def __init__(self, components: WasmRuntime, packages: LuaRuntime) -> None:
        self.components = components
        self.packages = packages
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> EveryRuntime:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.components)
            await stack.enter_async_context(self.packages)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> Skill:
        runtime = self.packages if is_package(code) else self.components
        return await runtime.load(path, code, limits)
