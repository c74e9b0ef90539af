"""Listening: one socket, one uvicorn server, stopped by its owner and not by signals."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from pharia_kernel.api.app import create_app
from pharia_kernel.api.service import Service
from pharia_kernel.config import Settings
from pharia_kernel.config.exposure import check_exposure
from pharia_kernel.config.units import parse_address
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.tracing import Tracing

_BACKLOG = 2048
_KEEP_ALIVE = 75
"""Seconds an idle connection stays open."""
_WAY_OUT = "set KERNEL_ADDRESS or --address to a free address"
_CLOSE = (b"connection", b"close")
_AFTER_CANCEL = 5.0
"""Seconds that cancelled requests get to say so."""


def bind(address: str, *, shared: bool = False, way_out: str = _WAY_OUT) -> socket.socket:
    """A socket that has the address but does not listen yet; raises :class:`ConfigError`, which tells ``way_out``.

    Several ``shared`` sockets of one user may have the same address; the system spreads connections over them.
    """
    host, port = parse_address(address)
    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that name their protocol.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"Could not bind a tcp listener to '{address}': {error.strerror or error} ({way_out})"
        ) from error
    return listener


@asynccontextmanager
async def serve(
    kernel: Service,
    settings: Settings,
    *,
    listener: socket.socket | None = None,
    tracing: Tracing | None = None,
    metrics: Metrics | None = None,
    draining: Callable[[], bool] | None = None,
) -> AsyncIterator[str]:
    """Serve while the context is open; gives the base URL, such as ``http://127.0.0.1:8081``.

    Raises :class:`ConfigError` for an address that other machines reach, where nothing says who may call.

    ``listener`` comes from :func:`bind` and is closed here; without it ``settings.kernel_address`` is bound, where port
    0 means any free one. Leaving the context stops accepting, lets requests finish for ``limits.grace_seconds`` and
    then cancels them. While ``draining``, answers ask their clients to close the connection.
    """
    listener = listener or bind(settings.kernel_address)
    with listener:
        check_exposure(listener.getsockname()[0], settings)
        _limit_unread(listener, settings.limits.body_seconds)
        app = create_app(kernel, settings, tracing, metrics)
        async with listening(app, listener, settings.limits.grace_seconds, draining):
            yield url_of(listener)


@asynccontextmanager
async def listening(
    app: ASGIApp, listener: socket.socket, grace_seconds: float, draining: Callable[[], bool] | None = None
) -> AsyncIterator[None]:
    """Let an application answer what comes in while the context is open."""
    server = _Server(_configuration(app, grace_seconds), draining)
    running = asyncio.create_task(server.serve([listener]), name="http server")
    try:
        await server.wait_started(running)
        yield
    finally:
        server.should_exit = True
        await _finished(running, server)


async def _finished(running: asyncio.Task[None], server: _Server) -> None:
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.force_exit = True
        await running
        raise
    requests = set(server.server_state.tasks)
    if requests:
        await asyncio.wait(requests, timeout=_AFTER_CANCEL)


def _limit_unread(listener: socket.socket, seconds: float) -> None:
    """Break connections whose client takes no data for this long, where the system can (Linux).

    An answer that was given up or is complete still waits in the buffers; closing a connection waits for them.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        milliseconds = min(math.ceil(seconds * 1000), 2**31 - 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def _configuration(app: ASGIApp, grace_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",  # below that it repeats what the kernel says itself
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=math.ceil(grace_seconds),
    )


def url_of(listener: socket.socket) -> str:
    """Such as ``http://127.0.0.1:8081``, of a socket that is bound."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, draining: Callable[[], bool] | None) -> None:
        super().__init__(config)
        self._draining = draining
        self._listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; once a second the headers of all answers are made anew."""
        ends = await super().on_tick(counter)
        headers = self.server_state.default_headers
        if self._draining is not None and _CLOSE not in headers and self._draining():
            headers.append(_CLOSE)
        return ends

    async def wait_started(self, running: asyncio.Task[None]) -> None:
        """Return once connections are accepted; raise what kept the server from it."""
        listening = asyncio.create_task(self._listening.wait())
        try:
            await asyncio.wait((running, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
        if running.done():
            await running
