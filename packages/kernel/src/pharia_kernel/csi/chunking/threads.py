"""Threads for work that takes long and lets go of the interpreter meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_MOST = 4


class Stopped(Exception):
    """Nobody waits for the result any more."""


class WorkThreads:
    """An async context manager; leaving it stops the work under way and waits for its end."""

    def __init__(self, threads: int | None = None) -> None:
        """At most four; without a number one per core."""
        self._pool = ThreadPoolExecutor(min(threads or os.cpu_count() or 1, _MOST), thread_name_prefix="text")
        self._stops: set[threading.Event] = set()

    async def __aenter__(self) -> WorkThreads:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for stop in self._stops:
            stop.set()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def run(self, work: Callable[[threading.Event], T]) -> T:
        """``work`` looks at its event now and then, and raises :class:`Stopped` once it is set."""
        stop = threading.Event()
        self._stops.add(stop)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, stop)
        finally:
            self._stops.discard(stop)
            stop.set()
