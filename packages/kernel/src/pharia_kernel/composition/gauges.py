"""What the parts of a running kernel can be asked for at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pharia_kernel.invocations import Invocations
from pharia_kernel.runtimes.every_kind import EveryRuntime
from pharia_kernel.runtimes.skill import Runtime
from pharia_kernel.runtimes.wasm import WasmRuntime
from pharia_kernel.skills import SkillStore
from pharia_kernel.telemetry import metric_names as metrics
from pharia_kernel.telemetry.metric_names import Metric


def gauges(invocations: Invocations, store: SkillStore, runtime: Runtime) -> Mapping[Metric, Callable[[], float]]:
    found: dict[Metric, Callable[[], float]] = {
        metrics.RUNNING_CALLS: lambda: invocations.running,
        metrics.QUEUED_CALLS: lambda: invocations.queued,
        metrics.CACHED_SKILLS: lambda: len(store.cached()),
    }
    components = runtime.components if isinstance(runtime, EveryRuntime) else runtime
    if isinstance(components, WasmRuntime):
        found |= {
            metrics.INSTANCES: lambda: components.instances,
            metrics.FREE_INSTANCES: lambda: components.free_places,
            metrics.SPARE_INSTANCES: lambda: components.spare_instances,
        }
    if isinstance(runtime, EveryRuntime):
        workers = runtime.packages.workers
        found |= {
            metrics.LUA_PROCESSES: lambda: workers.busy,
            metrics.FREE_LUA_PROCESSES: lambda: workers.free,
            metrics.SPARE_LUA_PROCESSES: lambda: workers.idle,
        }
    return found
