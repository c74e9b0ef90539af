"""Components and Lua packages are told apart by what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import wat
from doubles.lua_package import archive, files_of
from doubles.scripted_csi import ScriptedCsi
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.every_kind import EveryRuntime
from pharia_kernel.runtimes.lua.runtime import LuaOptions, LuaRuntime
from pharia_kernel.runtimes.lua.skill import LuaSkill
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.runtimes.wasm.skill import WasmSkill
from pharia_kernel.types import SkillPath

LIMITS = SkillLimits(memory_bytes=32 << 20)


async def test_each_kind_of_code_has_its_runtime(tmp_path: Path) -> None:
    components = WasmRuntime(EngineOptions(instances=10, memory_bytes=LIMITS.memory_bytes), threads=1)
    code = archive("notes", files_of({"say": "return function() return 'hello' end"}))
    async with EveryRuntime(components, LuaRuntime(LuaOptions(tmp_path))) as runtime:
        component = await runtime.load(SkillPath("dev", "echo"), wat.TEXT_ECHO, LIMITS)
        package = await runtime.load(SkillPath("dev", "notes-say"), code, LIMITS)
        assert isinstance(component, WasmSkill)
        assert isinstance(package, LuaSkill)
        assert await component.run(b'"x"', ScriptedCsi(), None) == b'"x"'
        assert await package.run(b"{}", ScriptedCsi(), None) == b'"hello"'
        with pytest.raises(SkillLoadError, match="not WebAssembly"):
            await runtime.load(SkillPath("dev", "other"), b"garbage", LIMITS)
        with pytest.raises(SkillLoadError, match="no archive of a Lua package"):
            await runtime.load(SkillPath("dev", "other"), b"PK\x03\x04garbage", LIMITS)
