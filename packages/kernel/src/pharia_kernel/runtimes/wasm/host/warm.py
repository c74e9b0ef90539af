"""Instances that answered and may answer again, for skills whose operator allows it.

What a call leaves behind in its instance, the next one finds there: this is faster by far, and gives up that calls can
not see each other. Every skill keeps its own instances, also where two skills are the same component.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass

from pharia_kernel.runtimes.wasm.host.instance import Instance
from pharia_kernel.runtimes.wasm.host.workers import Workers

_MOST_HANDLES = 1000
"""An instance that holds more after a call leaks them, and is not used again."""


@dataclass(frozen=True, slots=True)
class Reuse:
    calls: int
    """Of one instance, the first one included."""
    idle_seconds: float
    """After this long without a call an instance is taken down."""


class WarmInstances:
    """Of one skill. ``places`` bounds how many wait, of all skills together."""

    def __init__(self, reuse: Reuse, workers: Workers, places: threading.Semaphore) -> None:
        self._reuse = reuse
        self._workers = workers
        self._places = places
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Instance, float]] = deque()
        """With the time since when; the one used last is the last."""
        self._closed = False
        self._watched = False

    def __bool__(self) -> bool:
        """One waits."""
        return bool(self._waiting)

    def take(self) -> Instance | None:
        """The one used last, now the caller's."""
        with self._lock:
            if not self._waiting:
                return None
            instance, _ = self._waiting.pop()
        self._places.release()
        return instance

    def keep(self, instance: Instance) -> bool:
        """Take over an instance whose call ended well; False where it has to be closed."""
        if instance.calls >= self._reuse.calls or len(instance.resources) > _MOST_HANDLES:
            return False
        with self._lock:
            if self._closed or not self._places.acquire(blocking=False):
                return False
            instance.end_call()
            self._waiting.append((instance, time.monotonic()))
        return True

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that what is kept does not wait longer than it may; called on the event loop."""
        if not self._watched and self._waiting:
            self._watched = True
            loop.call_later(self._reuse.idle_seconds, self._expire, loop)

    def close(self) -> None:
        """Nothing is kept any more; may be called from any thread."""
        with self._lock:
            self._closed = True
        self._end(float("inf"))

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watched = False
        self._end(time.monotonic() - self._reuse.idle_seconds)
        self.watch(loop)

    def _end(self, before: float) -> None:
        """Have those taken down that wait since before this time."""
        while True:
            with self._lock:
                if not self._waiting or self._waiting[0][1] > before:
                    return
                instance, _ = self._waiting.popleft()
            self._places.release()
            self._workers.when_idle(_TakeDown(instance))


class _TakeDown:
    """A turn of a worker."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def advance(self) -> bool:
        self._instance.close()
        return False
