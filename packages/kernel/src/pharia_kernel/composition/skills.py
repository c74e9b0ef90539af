"""Where skills come from, what runs them, and what each of their calls may use."""

from __future__ import annotations

from pathlib import Path

from pharia_kernel.composition.documents import data_directory
from pharia_kernel.composition.skill_tools import nested_instances
from pharia_kernel.config import Settings
from pharia_kernel.errors import ConfigError
from pharia_kernel.invocations import CallLimits
from pharia_kernel.runtimes.every_kind import EveryRuntime
from pharia_kernel.runtimes.lua.runtime import LuaOptions, LuaRuntime
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime

_SPARE_INSTANCES = 40
"""For metadata requests, which do not wait for a place among the calls."""


def call_limits(settings: Settings) -> CallLimits:
    limits = settings.limits
    return CallLimits(
        input_bytes=limits.input_bytes,
        deadline_seconds=limits.deadline_seconds,
        concurrent_calls=limits.concurrent_calls,
        queued_calls=limits.queued_calls,
        grace_seconds=limits.grace_seconds,
    )


def wasm_runtime(settings: Settings) -> WasmRuntime:
    options = EngineOptions(
        instances=settings.limits.concurrent_calls + nested_instances(settings) + _SPARE_INSTANCES,
        memory_bytes=settings.limits.memory_bytes,
        quick_code=settings.compilation == "quick",
        code_bytes=settings.code_cache_bytes,
    )
    return WasmRuntime(options, threads=settings.threads, cache_folder=settings.cache_dir / "components")


def lua_runtime(settings: Settings) -> LuaRuntime:
    return LuaRuntime(LuaOptions(_lua_directory(settings), settings.lua.processes))


def _lua_directory(settings: Settings) -> Path:
    """Who has no home keeps what skills write only as long as the rest of the cache."""
    if settings.lua.directory is not None:
        return settings.lua.directory
    try:
        return data_directory("lua", "lua.directory")
    except ConfigError:
        return settings.cache_dir / "lua"


def every_runtime(settings: Settings) -> EveryRuntime:
    return EveryRuntime(wasm_runtime(settings), lua_runtime(settings))
