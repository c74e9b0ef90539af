"""The few threads on which guests compute.

A turn of a guest ends when it is finished, when it waits for the host, or when the clock says that others want their
turn. Waiting guests hold no thread. A guest that got what it waited for goes before new ones: the fewer are alive, the
less memory is touched.

CPython 3.14 and later check the machine stack pointer of a thread, and host functions run on the stacks of
wasmtime's fibers: where such an interpreter is to be supported, widen the bounds at the start of :meth:`Workers._work`.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from pharia_kernel.runtimes.wasm.host.clock import Clock


class Turn(Protocol):
    def advance(self) -> bool:
        """Compute for one turn; True when another one is wanted. Must not raise."""
        ...


class Workers:
    """A context manager; leaving it ends the threads once nothing is queued."""

    def __init__(self, clock: Clock, count: int) -> None:
        self._clock = clock
        self._resumed: deque[Turn] = deque()
        self._fresh: deque[Turn] = deque()
        self._idle: deque[Turn] = deque()
        self._ready: SimpleQueue[bool] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"wasm-worker-{index}", daemon=True) for index in range(count)
        ]

    def __enter__(self) -> Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        for _ in self._threads:
            self._ready.put(False)
        for thread in self._threads:
            thread.join()

    def start(self, turn: Turn) -> None:
        """Queue behind all others; may be called from any thread."""
        self._fresh.append(turn)
        self._ready.put(True)

    def resume(self, turn: Turn) -> None:
        """Queue before those that have not begun; may be called from any thread."""
        self._resumed.append(turn)
        self._ready.put(True)

    def when_idle(self, turn: Turn) -> None:
        """Queue behind everything that comes; may be called from any thread."""
        self._idle.append(turn)
        self._ready.put(True)

    @property
    def idle(self) -> bool:
        """Nothing computes and nothing waits to."""
        return self._clock.guests == 0 and self._ready.empty()

    @property
    def lightly_loaded(self) -> bool:
        """At most one computes (a call, or what follows on one) and nothing waits to."""
        return self._clock.guests <= 1 and self._ready.empty()

    def turn_here(self, turn: Turn) -> None:
        """Compute for one turn on the calling thread; what is left of it is queued."""
        if self._take(turn):
            self.start(turn)

    def _take(self, turn: Turn) -> bool:
        self._clock.guest_enters()
        try:
            return turn.advance()
        finally:
            self._clock.guest_leaves()

    def _next(self) -> Turn:
        for queue in (self._resumed, self._fresh):
            with suppress(IndexError):
                return queue.popleft()
        return self._idle.popleft()

    def _work(self) -> None:
        while self._ready.get():
            turn = self._next()
            self.turn_here(turn)
            del turn
