"""The server process: bind, start the kernel, serve, drain."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from pharia_kernel.api.server import bind, serve
from pharia_kernel.cli.channel import WatcherChannel
from pharia_kernel.cli.collector import leave_out_start_up
from pharia_kernel.cli.hangup import hangups
from pharia_kernel.cli.open_files import allow_open_files
from pharia_kernel.cli.peers.hub import Shared
from pharia_kernel.cli.peers.worker import WorkerPeers
from pharia_kernel.cli.privacy import keep_private
from pharia_kernel.cli.reload import ReadSettings, reloading
from pharia_kernel.cli.stop import Stop, stop_signals
from pharia_kernel.composition.telemetry import Telemetry, telemetry
from pharia_kernel.config import Settings
from pharia_kernel.telemetry.numbers import Numbers
from pharia_kernel.types import SkillPath

if TYPE_CHECKING:
    from pharia_kernel.kernel import Kernel

_LOG = logging.getLogger("pharia_kernel.cli")
_SHOWN = 8
_BACKGROUND_THREADS = 3
"""For what blocks: looking into directories, compiling, loading."""
_FEWEST_THREADS = 2
"""While one takes down the instance of a call and makes the next, another computes."""


async def serve_until_stopped(settings: Settings, read: ReadSettings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then let calls in flight finish for ``limits.grace_seconds``.

    ``read`` gives the settings when they are read again, ``say`` gets the lines for the person who started it. Raises
    :class:`~pharia_kernel.errors.ConfigError` and :class:`~pharia_kernel.errors.AssetMissing`.
    """
    for warning in settings.warnings:
        _LOG.warning(warning)
    allow_open_files()
    keep_private()
    listener = bind(settings.kernel_address)  # before the kernel starts: the quickest thing that can fail
    with listener, stop_signals() as stop, hangups(stop) as hangup:
        async with (
            telemetry(settings) as seen,
            serving_numbers(settings, seen.metrics.numbers),
            _serving(settings, listener, stop, seen) as (kernel, url),
            reloading(kernel, settings, read, hangup),
        ):
            say(f"Listening on {url}")
            say(readiness(kernel.skills()))
            await stop.wait()
            say("Stopping; calls in flight may finish (a second signal ends them)")
            await _drain(kernel, settings)


async def serve_as_worker(
    settings: Settings,
    read: ReadSettings,
    listener: socket.socket,
    channel: WatcherChannel,
    shared: Shared,
) -> None:
    """Serve one worker's share until the watching process says so or is gone."""
    allow_open_files()
    keep_private()
    share = worker_share(settings)
    with listener, stop_signals() as stop, hangups(stop) as hangup:
        channel.follow(stop)
        async with (
            telemetry(settings) as seen,
            channel.telling(seen.metrics.encoded),
            _serving(share, listener, stop, seen, shared) as (kernel, _),
            reloading(kernel, share, lambda: worker_share(read()), hangup),
        ):
            channel.say(readiness(kernel.skills()))
            await stop.wait()
            await _drain(kernel, settings)


@asynccontextmanager
async def _serving(
    settings: Settings, listener: socket.socket, stop: Stop, seen: Telemetry, shared: Shared | None = None
) -> AsyncGenerator[tuple[Kernel, str], None]:
    from pharia_kernel.kernel import Kernel  # loads the whole engine, which `--version` should not wait for

    tracing, metrics = seen.tracing, seen.metrics
    async with AsyncExitStack() as parts:
        background = parts.enter_context(ThreadPoolExecutor(_BACKGROUND_THREADS, "background"))
        asyncio.get_running_loop().set_default_executor(background)
        with stop.interrupts():
            peers = None if shared is None else WorkerPeers(shared, settings, metrics)
            kernel = Kernel(settings, tracer=tracing.tracer, metrics=metrics, peers=peers)
            await parts.enter_async_context(kernel)
            if peers is not None:
                peers.answer_for(kernel)
            server = serve(
                kernel,
                settings,
                listener=listener,
                tracing=tracing,
                metrics=metrics,
                draining=lambda: kernel.draining,
            )
            url = await parts.enter_async_context(server)
        leave_out_start_up()
        yield kernel, url


async def _drain(kernel: Kernel, settings: Settings) -> None:
    """Serve on while the word goes round that this process ends; after that new calls are refused."""
    seconds = settings.shutdown.delay_seconds
    kernel.drain()
    _LOG.info("draining; the address closes in %g s", seconds, extra={"delay_seconds": seconds})
    if seconds:
        await asyncio.sleep(seconds)
    kernel.refuse()


@asynccontextmanager
async def serving_numbers(
    settings: Settings, numbers: Callable[[], Awaitable[list[Numbers]]]
) -> AsyncGenerator[None, None]:
    """Show them at ``metrics-address``, if there is one. Raises :class:`~pharia_kernel.errors.ConfigError`."""
    if settings.metrics_address is None:
        yield
        return
    from pharia_kernel.api.metrics import bind_metrics, serve_metrics

    async with serve_metrics(bind_metrics(settings.metrics_address), numbers) as url:
        _LOG.info("metrics are at %s", url, extra={"url": url})
        yield


def worker_share(settings: Settings) -> Settings:
    """What one of ``settings.workers`` processes may use of what all may use together.

    Calls are not shared out but counted together, by :mod:`pharia_kernel.cli.peers`.
    """

    def share(whole: int) -> int:
        return -(-whole // settings.workers)

    threads = share(settings.threads) if settings.threads else max(_FEWEST_THREADS, share(os.cpu_count() or 1))
    return settings.model_copy(update={"threads": threads})


def readiness(skills: list[SkillPath]) -> str:
    """What can be called, in one line."""
    if not skills:
        return "No skills yet; set NAMESPACES__DEV__DIRECTORY to a directory of components (built in: test-beta/hello)"
    names = ", ".join(str(skill) for skill in sorted(skills)[:_SHOWN])
    more = f" and {len(skills) - _SHOWN} more" if len(skills) > _SHOWN else ""
    return f"Serving {names}{more}"
