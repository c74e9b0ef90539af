"""Where skills come from, what runs them, and what each of their calls may use."""

from __future__ import annotations

from pharia_kernel.config import Settings
from pharia_kernel.invocations import CallLimits
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.skills import DirectoryRegistry, Source

_SPARE_INSTANCES = 40
"""For metadata requests, which do not wait for a place among the calls."""
_SETTLE = 0.8
"""Part of the scan interval; less than one, so that the second scan is always late enough."""


def skill_limits(settings: Settings) -> SkillLimits:
    limits = settings.limits
    return SkillLimits(memory_bytes=limits.memory_bytes, output_bytes=limits.output_bytes, log_bytes=limits.log_bytes)


def call_limits(settings: Settings) -> CallLimits:
    limits = settings.limits
    return CallLimits(
        input_bytes=limits.input_bytes,
        deadline_seconds=limits.deadline_seconds,
        concurrent_calls=limits.concurrent_calls,
        queued_calls=limits.queued_calls,
        grace_seconds=limits.grace_seconds,
    )


def sources(settings: Settings) -> dict[str, Source]:
    interval = settings.directory_scan_interval
    return {
        name: Source(DirectoryRegistry(namespace.directory, settle_seconds=interval * _SETTLE), interval)
        for name, namespace in settings.namespaces.items()
    }


def wasm_runtime(settings: Settings) -> WasmRuntime:
    options = EngineOptions(
        instances=settings.limits.concurrent_calls + _SPARE_INSTANCES, memory_bytes=settings.limits.memory_bytes
    )
    return WasmRuntime(options, threads=settings.threads, cache_folder=settings.cache_dir / "components")
