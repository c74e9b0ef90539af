"""How many calls run at once, and how many may wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque

from pharia_kernel.errors import Saturated


class Admission:
    """``async with admission:`` holds one of ``concurrent`` places; up to ``queued`` callers wait in order of arrival.

    Raises :class:`Saturated` at once when the queue is full.
    """

    def __init__(self, concurrent: int, queued: int) -> None:
        self._concurrent = concurrent
        self._queued = queued
        self._running = 0
        self._turns: deque[asyncio.Future[None]] = deque()

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._turns)

    async def __aenter__(self) -> None:
        if self._running < self._concurrent:
            self._running += 1
            return
        if len(self._turns) >= self._queued:
            raise Saturated(f"{self._running} calls are running and {len(self._turns)} wait; try again later")
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._turns.remove(turn)
            else:  # the place was handed over in the same moment
                self._pass_on()
            raise

    async def __aexit__(self, *exc: object) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        for turn in self._turns:
            if not turn.done():
                self._turns.remove(turn)
                turn.set_result(None)
                return
        self._running -= 1
