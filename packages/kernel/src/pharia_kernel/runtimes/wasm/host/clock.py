"""Says when guests that compute for long give way to others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Ticked(Protocol):
    def tick(self) -> None: ...


class Clock:
    """Ticks the engine while guests compute. A context manager.

    Waking its thread for every turn of a guest would cost more than a short turn does: it stays awake a while.
    """

    def __init__(
        self, engine: Ticked, seconds: float, awake_seconds: float = 0.5, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """``awake_seconds`` is how long it goes on after the last guest."""
        self._engine = engine
        self._seconds = seconds
        self._most_idle = round(awake_seconds / seconds)
        self._pause = sleep
        self._wake = threading.Event()
        self._asleep = False
        self._closed = False
        self._running = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="wasm-clock", daemon=True)

    def __enter__(self) -> Clock:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._closed = True
            self._wake.set()
        self._thread.join()

    @property
    def guests(self) -> int:
        """That compute now."""
        return self._running

    def guest_enters(self) -> None:
        with self._lock:
            self._running += 1
            if self._asleep:
                self._asleep = False
                self._wake.set()

    def guest_leaves(self) -> None:
        with self._lock:
            self._running -= 1

    def _run(self) -> None:
        while not self._closed:
            self._tick()
            self._sleep()

    def _tick(self) -> None:
        """Until there were no guests for a while."""
        idle = 0
        while idle <= self._most_idle and not self._closed:
            self._pause(self._seconds)
            if self._running:
                idle = 0
                self._engine.tick()
            else:
                idle += 1

    def _sleep(self) -> None:
        """Until there is one."""
        with self._lock:
            if self._running or self._closed:
                return
            self._wake.clear()
            self._asleep = True
        self._wake.wait()
