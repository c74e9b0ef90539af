"""Runs functions of components on an asyncio loop; knows nothing of what the components are for."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from pharia_kernel.runtimes.wasm.host.clock import Clock
from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache
from pharia_kernel.runtimes.wasm.host.component import ExportedFunction, LinkedComponent, Provider
from pharia_kernel.runtimes.wasm.host.engine import Engine, EngineOptions
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.spares import Spares
from pharia_kernel.runtimes.wasm.host.warm import Reuse, WarmInstances
from pharia_kernel.runtimes.wasm.host.workers import Workers


class ComponentHost:
    """Owns the engine, worker threads, spare instances and the cache of compiled code. A context manager.

    Without ``cache_folder`` compiled code lives as long as the host.
    """

    def __init__(
        self, options: EngineOptions | None = None, *, threads: int | None = None, cache_folder: Path | None = None
    ) -> None:
        options = options or EngineOptions()
        places = options.instances + options.all_spares + options.all_warm
        self._engine = Engine(places, options.memory_bytes, quick_code=options.quick_code)
        self._warm_places = threading.Semaphore(options.all_warm)
        self._lock = threading.Lock()
        self._free = self._places = options.instances
        self._clock = Clock(self._engine, options.tick_seconds)
        self._workers = Workers(self._clock, threads or os.cpu_count() or 1)
        self.spares = Spares(self._workers, options.spares, options.all_spares)
        self._cache_folder = cache_folder
        self._code_bytes = options.code_bytes
        self._stack = ExitStack()

    def __enter__(self) -> ComponentHost:
        folder = self._cache_folder or Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._cache = CodeCache(folder, self._engine, self._code_bytes)
        self._stack.callback(self.spares.close)
        self._stack.enter_context(self._clock)
        self._stack.enter_context(self._workers)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def free_places(self) -> int:
        """Instances that could be started now."""
        return self._free

    @property
    def taken_places(self) -> int:
        """Instances of executions that have not ended."""
        return self._places - self._free

    @property
    def at_rest(self) -> bool:
        """No guest computes, none waits for its turn."""
        return self._workers.idle

    def load(self, binary: bytes, provider: Provider) -> LinkedComponent:
        """Compile (or take from the cache) and link. Blocks: not for the event loop."""
        return LinkedComponent(self._engine, self._cache.load(binary), provider)

    def warm_instances(self, reuse: Reuse) -> WarmInstances:
        """For the calls of one component by one owner, who closes it."""
        return WarmInstances(reuse, self._workers, self._warm_places)

    def execution(
        self,
        component: LinkedComponent,
        function: ExportedFunction,
        state: object,
        *,
        memory_bytes: int,
        warm: WarmInstances | None = None,
        spare: int | None = None,
    ) -> Execution:
        """A call that is ready to :meth:`~Execution.run` on the running event loop.

        It has a fresh instance, or one of ``warm``. ``spare`` fresh ones are kept ready for the next calls, or as many
        as the options say.
        """
        with self._lock:
            self._free -= 1
        return Execution(
            self._workers, self.spares, component, function, state, memory_bytes, self._release, warm, spare
        )

    def _release(self) -> None:
        with self._lock:
            self._free += 1
