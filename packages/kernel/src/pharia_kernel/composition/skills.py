"""Where skills come from, what runs them, and what each of their calls may use."""

from __future__ import annotations

from pharia_kernel.composition.skill_tools import nested_instances
from pharia_kernel.config import Settings
from pharia_kernel.invocations import CallLimits
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
    )
    return WasmRuntime(options, threads=settings.threads, cache_folder=settings.cache_dir / "components")
