"""Runs functions of components on an asyncio loop; knows nothing of what the components are for."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pharia_kernel.runtimes.wasm.host.code_cache import CodeCache
from pharia_kernel.runtimes.wasm.host.component import ExportedFunction, LinkedComponent, Provider
from pharia_kernel.runtimes.wasm.host.engine import Clock, Engine, EngineOptions
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.workers import Workers


class ComponentHost:
    """Owns engines, worker threads and the cache of compiled code. A context manager.

    Two engines share the work: one with a few places that keep their memory, and one for all that do not fit there.
    Without ``cache_folder`` compiled code lives as long as the host.
    """

    def __init__(
        self, options: EngineOptions | None = None, *, threads: int | None = None, cache_folder: Path | None = None
    ) -> None:
        options = options or EngineOptions()
        others = max(options.instances - options.resident_instances, 1)
        self._engines = (
            Engine(options.resident_instances, options.memory_bytes, resident=True),
            Engine(others, options.memory_bytes, resident=False),
        )
        self._lock = threading.Lock()
        self._free = [options.resident_instances, others]
        self._clock = Clock(self._engines, options.tick_seconds)
        self._workers = Workers(self._clock, threads or os.cpu_count() or 1)
        self._cache_folder = cache_folder
        self._stack = ExitStack()

    def __enter__(self) -> ComponentHost:
        folder = self._cache_folder or Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._cache = CodeCache(folder)
        self._stack.enter_context(self._clock)
        self._stack.enter_context(self._workers)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def free_places(self) -> int:
        """Instances that could be started now."""
        return sum(self._free)

    def load(self, binary: bytes, provider: Provider) -> LinkedComponent:
        """Compile (or take from the cache) and link. Blocks: not for the event loop."""
        codes = [(engine, self._cache.load(binary, engine)) for engine in self._engines]
        return LinkedComponent(codes, provider)

    def execution(
        self, component: LinkedComponent, function: ExportedFunction, state: object, *, memory_bytes: int
    ) -> Execution:
        """A call that is ready to :meth:`~Execution.run` in a fresh instance, on the running event loop."""
        with self._lock:
            place = 0 if self._free[0] > 0 else 1
            self._free[place] -= 1
        return Execution(self._workers, component, function, place, state, memory_bytes, self._releaser(place))

    def _releaser(self, place: int) -> Callable[[], None]:
        def release() -> None:
            with self._lock:
                self._free[place] += 1

        return release
