"""An answer of server-sent events: begun, kept open, ended in order, stopped with its client.

Hot path: an event costs one timestamp and one write. Heartbeats and the watch for the client that leaves share one
task, which sleeps meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from pharia_kernel.api.connection import ClientGone, while_connected
from pharia_kernel.api.problem import ERROR_KEY, host_fault, shutting_down
from pharia_kernel.api.run import WARNING_HEADER, one_line
from pharia_kernel.api.sse import HEARTBEAT, encode_failure
from pharia_kernel.config import LimitSettings
from pharia_kernel.errors import KernelError

_LOG = logging.getLogger("pharia_kernel.api")
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class EventWriter:
    """The open body of a stream."""

    def __init__(self, send: Send, heartbeat: bytes = HEARTBEAT) -> None:
        self._send = send
        self._heartbeat = heartbeat
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._written = self._now()
        self._waiting = False
        self.begun = False

    async def begin(self, warning: str | None = None) -> None:
        self.begun = True
        headers = _HEADERS + ([] if warning is None else [(WARNING_HEADER, one_line(warning).encode())])
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, event: bytes) -> None:
        self._written = self._now()
        self._waiting = True
        await self._send({"type": "http.response.body", "body": event, "more_body": True})
        self._waiting = False

    async def end(self, error: KernelError | None, limits: LimitSettings) -> None:
        """Write the last event, if there is one, and close the body."""
        try:
            async with asyncio.timeout(limits.body_seconds):
                if error is not None:
                    await self.write(encode_failure(error))
                await self._send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            raise ClientGone from None

    async def keep_alive(self, receive: Receive, limits: LimitSettings) -> None:
        """Write a heartbeat when nothing was written for a while; raise :class:`ClientGone` when nobody reads."""
        while True:
            try:
                async with asyncio.timeout_at(self._due(limits)):
                    message = await receive()
            except TimeoutError:
                await self._quiet(limits)
            else:
                if message["type"] == "http.disconnect":
                    raise ClientGone

    def _due(self, limits: LimitSettings) -> float:
        return self._written + (limits.body_seconds if self._waiting else limits.heartbeat_seconds)

    async def _quiet(self, limits: LimitSettings) -> None:
        if self._now() < self._due(limits):
            return
        if self._waiting:
            raise ClientGone
        if not self.begun:
            self._written = self._now()
            return
        try:
            async with asyncio.timeout(limits.body_seconds):
                await self.write(self._heartbeat)
        except TimeoutError:
            raise ClientGone from None


Relay = Callable[[EventWriter], Awaitable[KernelError | None]]
"""Begins the stream and writes its events; gives the error that ended it, or raises it."""


async def stream_events(
    scope: Scope, receive: Receive, send: Send, limits: LimitSettings, relay: Relay, heartbeat: bytes = HEARTBEAT
) -> None:
    """Answer with what ``relay`` writes, while the client is there.

    What it raises before it begins is raised; afterwards every failure is an ``error`` event of the 200 answer.
    """
    events = EventWriter(send, heartbeat)
    try:
        async with while_connected(events.keep_alive(receive, limits)):
            error = await _outcome(relay, events, scope)
    except asyncio.CancelledError:  # only the server's end cancels a request
        if not events.begun:
            raise
        error = shutting_down()
    if error is not None:
        scope[ERROR_KEY] = error
    await events.end(error, limits)


async def _outcome(relay: Relay, events: EventWriter, scope: Scope) -> KernelError | None:
    try:
        return await relay(events)
    except KernelError as error:
        if not events.begun:
            raise
        return error
    except Exception:
        if not events.begun:
            raise
        _LOG.exception("the kernel failed in a stream", extra={"path": scope["path"]})
        return host_fault()
