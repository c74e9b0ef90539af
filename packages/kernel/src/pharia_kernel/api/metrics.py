"""Where Prometheus reads: a listener of its own, which needs no credentials and knows no content."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from pharia_kernel.api.server import bind, listening, url_of
from pharia_kernel.telemetry.exposition import exposition
from pharia_kernel.telemetry.numbers import Numbers

_GRACE_SECONDS = 1.0

Source = Callable[[], Awaitable[list[Numbers]]]
"""Gives the numbers as of now. Bounds its own time."""


def bind_metrics(address: str) -> socket.socket:
    """Raises :class:`~pharia_kernel.errors.ConfigError`."""
    return bind(address, way_out="set METRICS_ADDRESS to a free address")


@asynccontextmanager
async def serve_metrics(listener: socket.socket, source: Source) -> AsyncIterator[str]:
    """Answer while the context is open; gives the URL. ``listener`` is closed here."""
    with listener:
        async with listening(MetricsPage(source), listener, _GRACE_SECONDS):
            yield f"{url_of(listener)}/metrics"


class MetricsPage:
    """Every path shows the numbers, as in the original; but ``/health``, which says that somebody listens."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(scope)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("only GET is answered here\n", 405, {"allow": "GET, HEAD"})
        if scope["path"] == "/health":
            return PlainTextResponse("OK")
        accept = Headers(scope=scope).get("accept", "")
        content_type, text = await asyncio.to_thread(exposition, await self._source(), accept)
        return Response(text, headers={"content-type": content_type})
