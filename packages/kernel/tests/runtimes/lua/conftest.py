from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from doubles.lua_package import archive, files_of
from doubles.scripted_csi import ScriptedCsi
from pharia_kernel.runtimes.lua.runtime import LuaOptions, LuaRuntime
from pharia_kernel.runtimes.lua.skill import LuaSkill
from pharia_kernel.runtimes.skill import ScriptPolicy, SkillLimits
from pharia_kernel.types import SkillPath

MIB = 1 << 20
LIMITS = SkillLimits(memory_bytes=64 * MIB, script=ScriptPolicy("locked", "small"))


class Lua:
    """A runtime, and packages of it."""

    def __init__(self, runtime: LuaRuntime, directory: Path) -> None:
        self.runtime = runtime
        self.directory = directory

    async def load(
        self,
        entries: Mapping[str, str],
        *,
        entry: str | None = None,
        limits: SkillLimits = LIMITS,
        files: Mapping[str, str] | None = None,
        more: str = "",
        **changes: Any,
    ) -> LuaSkill:
        """The first entry of a package ``notes``, or the named one; ``changes`` are other limits."""
        path = SkillPath("dev", f"notes-{entry or next(iter(entries))}")
        code = archive("notes", {**files_of(entries, more=more), **(files or {})})
        return await self.runtime.load(path, code, replace(limits, **changes))

    async def skill(self, source: str, **more: Any) -> LuaSkill:
        """One with this body of a function of ``args``."""
        return await self.load({"main": f"return function(args) {source} end"}, **more)


async def call(skill: LuaSkill, input: Any = None, csi: ScriptedCsi | None = None) -> Any:
    given = msgspec.json.encode({} if input is None else input)
    return msgspec.json.decode(await skill.run(given, csi or ScriptedCsi(), None))


@pytest.fixture
async def lua(tmp_path: Path) -> AsyncIterator[Lua]:
    async with LuaRuntime(LuaOptions(tmp_path / "data", processes=4)) as runtime:
        yield Lua(runtime, tmp_path / "data")
