"""How many requests a backend has at once, and how many may wait for their turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pharia_kernel.errors import BackendSaturated
from pharia_kernel.types import Caller

_Turn = asyncio.Future[None]


class Places:
    """``concurrent`` requests at once and ``queued`` that wait.

    Callers take turns, and the requests of one caller come in order of arrival: who asks for much waits for itself.
    """

    def __init__(self, name: str, concurrent: int, queued: int) -> None:
        """``name`` is what error texts call the backend."""
        self._name = name
        self._concurrent = concurrent
        self._queued = queued
        self._queues: OrderedDict[str | None, deque[_Turn]] = OrderedDict()
        """In the order in which callers get their next turn; never an empty queue."""
        self.running = 0
        self.waiting = 0

    @asynccontextmanager
    async def place(self, caller: Caller) -> AsyncGenerator[None, None]:
        """Holds a place while the context is open; raises :class:`BackendSaturated` at once when the queue is full."""
        await self._take(caller.id or caller.token)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, who: str | None) -> None:
        if self.running < self._concurrent:
            self.running += 1
            return
        if self.waiting >= self._queued:
            raise BackendSaturated(
                f"{self._name} has {self.running} requests under way and {self.waiting} waiting; try again later"
            )
        turn: _Turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(who, deque()).append(turn)
        self.waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(who, turn)
            else:  # the place was handed over in the same moment
                self._pass_on()
            raise

    def _leave(self, who: str | None, turn: _Turn) -> None:
        queue = self._queues.get(who)
        if queue is None or turn not in queue:
            return  # whoever handed out a place came by and left it out
        queue.remove(turn)
        self.waiting -= 1
        if not queue:
            del self._queues[who]

    def _pass_on(self) -> None:
        while self._queues:
            who, queue = self._queues.popitem(last=False)
            turn = queue.popleft()
            self.waiting -= 1
            if queue:
                self._queues[who] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self.running -= 1
