"""A completion or chat stream between the backend, on the event loop, and the guest, on a worker thread.

Cost allowed: one wake-up of a worker per part, and none when parts are already there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from contextvars import Context
from typing import Any

from pharia_kernel.csi.types import Part
from pharia_kernel.runtimes.wasm.host.functions import Arrival

_AHEAD = 8
"""Parts read before the guest asks for them; then the backend waits."""


class PartStream:
    """Starts to read at once. ``event`` turns parts into what the guest gets, or None for parts to leave out.

    The reading task is one of ``tasks`` and runs in ``context``, by default that of the constructing thread.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        read: Callable[[], AsyncGenerator[Part, None]],
        event: Callable[[Part], Any],
        tasks: set[asyncio.Task[None]],
        context: Context | None = None,
    ) -> None:
        self._loop = loop
        self._read = read
        self._event = event
        self._tasks = tasks
        self._events: deque[Any] = deque()
        self._waiter: Arrival | None = None
        self._room = asyncio.Event()
        self._wants_room = False
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        loop.call_soon_threadsafe(self._start, context=context)

    # ---- on the event loop

    def _start(self) -> None:
        if not self._closed:
            self._task = self._loop.create_task(self._pump())
            self._tasks.add(self._task)
            self._task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Cancel the request at the backend."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    async def _pump(self) -> None:
        try:
            async with aclosing(self._read()) as parts:
                async for part in parts:
                    event = self._event(part)
                    if event is None:
                        continue
                    self._events.append(event)
                    self._wake()
                    if len(self._events) >= _AHEAD:
                        await self._wait_for_room()
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._wake()

    async def _wait_for_room(self) -> None:
        self._room.clear()
        self._wants_room = True
        while len(self._events) >= _AHEAD:
            await self._room.wait()
            self._room.clear()
        self._wants_room = False

    def wait(self) -> Arrival | asyncio.Future[Any]:
        """For the next event, or None when the stream has ended."""
        if self.ready:
            there = self._loop.create_future()
            self._hand_over(there)
            return there
        self._waiter = Arrival()
        return self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.cancelled():
            self._hand_over(waiter)

    def _hand_over(self, waiter: Arrival | asyncio.Future[Any]) -> None:
        try:
            waiter.set_result(self.take())
        except Exception as error:
            waiter.set_exception(error)

    # ---- on any thread

    @property
    def ready(self) -> bool:
        return bool(self._events) or self._ended

    def take(self) -> Any:
        """The next event once :attr:`ready`; raises what ended the stream after the events before it."""
        if self._events:
            event = self._events.popleft()
            if self._wants_room:
                self._loop.call_soon_threadsafe(self._room.set)
            return event
        if self._error is not None:
            raise self._error
        return None
