"""Mirrors and the registry itself: who is asked, in which order, how often and for how long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.skills.oci.connection import Connection
from pharia_kernel.skills.oci.failures import RequestFailed, Unreachable

logger = logging.getLogger("pharia_kernel.skills")

T = TypeVar("T")
Ask = Callable[[Connection], Awaitable[T]]

_MIRROR_SHARE = 0.5
"""Of the time that is left; a mirror must not use up the registry's."""
_PAUSE_SECONDS = 30.0
"""For which a mirror that failed is passed over."""


class Hosts:
    def __init__(
        self,
        mirrors: Sequence[Connection],
        origin: Connection,
        retry: RetryPolicy,
        uniform: Callable[[float, float], float],
    ) -> None:
        self._mirrors = mirrors
        self._origin = origin
        self._retry = retry
        self._uniform = uniform
        self._passed_over: dict[Connection, float] = {}

    async def first(self, ask: Ask[T], deadline: float) -> T:
        """What the first host that has it answers; ``deadline`` is a time of the event loop.

        Raises the :class:`RequestFailed` of the registry itself.
        """
        now = asyncio.get_running_loop().time
        for mirror in self._mirrors:
            if self._passed_over.get(mirror, 0.0) > now():
                continue
            try:
                return await _within(ask, mirror, now() + (deadline - now()) * _MIRROR_SHARE)
            except RequestFailed as failure:
                logger.warning("mirror %s", failure)
                if isinstance(failure, Unreachable):
                    self._passed_over[mirror] = now() + _PAUSE_SECONDS
        return await self._persistently(ask, deadline)

    async def _persistently(self, ask: Ask[T], deadline: float) -> T:
        attempt = 0
        while True:
            try:
                return await _within(ask, self._origin, deadline)
            except RequestFailed as failure:
                pause = self._retry.pause(attempt, failure.pause, self._uniform)
                late = asyncio.get_running_loop().time() + (pause or 0) >= deadline
                if not failure.transient or pause is None or late:
                    raise
                logger.warning("registry %s (trying again in %.1f s)", failure, pause)
            await asyncio.sleep(pause)
            attempt += 1


async def _within(ask: Ask[T], connection: Connection, deadline: float) -> T:
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await ask(connection)
    except TimeoutError:
        if not limit.expired():
            raise
        raise Unreachable(f"{connection.host} was not done in time") from None
