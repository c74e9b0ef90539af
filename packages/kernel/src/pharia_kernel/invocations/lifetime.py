"""Which calls are under way, and how they end when the kernel stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pharia_kernel.errors import Saturated

logger = logging.getLogger("pharia_kernel.invocations")

_ABORT_SECONDS = 10.0
"""A stopped guest ends within milliseconds; more means a fault of its runtime."""


class Lifetime:
    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    @property
    def stopping(self) -> bool:
        return self._stopping

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """The span of one call; raises :class:`Saturated` when the kernel stops, then or meanwhile."""
        if self._stopping:
            raise Saturated("the kernel is shutting down")
        abort = asyncio.timeout(None)
        try:
            async with abort:
                self._open.add(abort)
                self._idle.clear()
                try:
                    yield
                finally:
                    self._open.discard(abort)
                    if not self._open:
                        self._idle.set()
        except TimeoutError:
            if not abort.expired():
                raise
            raise Saturated("the kernel is shutting down; the call was stopped") from None

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
