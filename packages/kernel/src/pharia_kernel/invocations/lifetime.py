"""Which calls are under way, and how they end when the kernel stops."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from pharia_kernel.errors import Saturated

logger = logging.getLogger("pharia_kernel.invocations")

_ABORT_SECONDS = 10.0
"""A stopped guest ends within milliseconds; more means a fault of its runtime."""


class _Call:
    """Hot path: a generator in the place of the class would cost 3 us more."""

    __slots__ = ("_abort", "_lifetime")

    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime
        self._abort = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        self._lifetime.begin(self._abort)
        await self._abort.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lifetime.end(self._abort)
        try:
            await self._abort.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise Saturated("the kernel is shutting down; the call was stopped") from None


class Lifetime:
    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    @property
    def stopping(self) -> bool:
        return self._stopping

    def call(self) -> AbstractAsyncContextManager[None]:
        """The span of one call; raises :class:`Saturated` when the kernel stops, then or meanwhile."""
        return _Call(self)

    def begin(self, abort: asyncio.Timeout) -> None:
        """Raises :class:`Saturated`."""
        if self._stopping:
            raise Saturated("the kernel is shutting down")
        self._open.add(abort)
        self._idle.clear()

    def end(self, abort: asyncio.Timeout) -> None:
        self._open.discard(abort)
        if not self._open:
            self._idle.set()

    def refuse(self) -> None:
        """Refuse new calls; those that are open go on."""
        self._stopping = True

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new calls, let the open ones run for the grace period, then stop them and wait for their end.

        Cancelling ends the grace period, not the waiting for the end.
        """
        self.refuse()
        try:
            if not await self._idle_within(grace_seconds):
                logger.warning("stopping %d calls that did not end within %g s", len(self._open), grace_seconds)
        finally:
            await self._abort()

    async def _abort(self) -> None:
        now = asyncio.get_running_loop().time()
        for abort in self._open:
            if not abort.expired():
                abort.reschedule(now)
        if not await self._idle_within(_ABORT_SECONDS):
            logger.error("%d calls can not be stopped", len(self._open))

    async def _idle_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
