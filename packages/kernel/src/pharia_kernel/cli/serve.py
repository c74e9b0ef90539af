"""The server process: bind, start the kernel, serve, drain."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from pharia_kernel.api.server import bind, serve
from pharia_kernel.cli.channel import WatcherChannel
from pharia_kernel.cli.cores import free_to_move, stay_on
from pharia_kernel.cli.open_files import allow_open_files
from pharia_kernel.cli.stop import Stop, stop_signals
from pharia_kernel.config import Settings
from pharia_kernel.telemetry.tracing import Tracing
from pharia_kernel.types import SkillPath

if TYPE_CHECKING:
    from pharia_kernel.kernel import Kernel

_LOG = logging.getLogger("pharia_kernel.cli")
_SHOWN = 8
_BACKGROUND_THREADS = 3
"""For what blocks: looking into directories, compiling, loading."""


async def serve_until_stopped(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then let calls in flight finish for ``limits.grace_seconds``.

    ``say`` gets the lines for the person who started it. Raises :class:`~pharia_kernel.errors.ConfigError` and
    :class:`~pharia_kernel.errors.AssetMissing`.
    """
    for warning in settings.warnings:
        _LOG.warning(warning)
    allow_open_files()
    listener = bind(settings.kernel_address)  # before the kernel starts: the quickest thing that can fail
    with listener, stop_signals() as stop:
        async with _serving(settings, listener, stop) as (kernel, url):
            say(f"Listening on {url}")
            say(readiness(kernel.skills()))
            await stop.wait()
            say("Stopping; calls in flight may finish (a second signal ends them)")


async def serve_as_worker(
    settings: Settings, listener: socket.socket, channel: WatcherChannel, core: int | None
) -> None:
    """Serve one worker's share until the watching process says so or is gone, with the event loop on ``core``."""
    allow_open_files()
    with listener, stop_signals() as stop:
        channel.follow(stop)
        async with _serving(worker_share(settings), listener, stop) as (kernel, _):
            if core is not None:
                stay_on(core)
            channel.say(readiness(kernel.skills()))
            await stop.wait()


@asynccontextmanager
async def _serving(settings: Settings, listener: socket.socket, stop: Stop) -> AsyncGenerator[tuple[Kernel, str], None]:
    from pharia_kernel.kernel import Kernel  # loads the whole engine, which `--version` should not wait for

    tracing = Tracing()
    async with AsyncExitStack() as parts:
        background = parts.enter_context(ThreadPoolExecutor(_BACKGROUND_THREADS, "background", free_to_move()))
        asyncio.get_running_loop().set_default_executor(background)
        with stop.interrupts():
            kernel = await parts.enter_async_context(Kernel(settings, tracer=tracing.tracer))
            url = await parts.enter_async_context(serve(kernel, settings, listener=listener, tracing=tracing))
        yield kernel, url


def worker_share(settings: Settings) -> Settings:
    """What one of ``settings.workers`` processes may use of what all may use together."""

    def share(whole: int) -> int:
        return -(-whole // settings.workers)

    limits = settings.limits
    shared = {"concurrent_calls": share(limits.concurrent_calls), "queued_calls": share(limits.queued_calls)}
    threads = share(settings.threads or os.cpu_count() or 1)
    return settings.model_copy(update={"limits": limits.model_copy(update=shared), "threads": threads})


def readiness(skills: list[SkillPath]) -> str:
    """What can be called, in one line."""
    if not skills:
        return "No skills yet; set NAMESPACES__DEV__DIRECTORY to a directory of components (built in: test-beta/hello)"
    names = ", ".join(str(skill) for skill in sorted(skills)[:_SHOWN])
    more = f" and {len(skills) - _SHOWN} more" if len(skills) > _SHOWN else ""
    return f"Serving {names}{more}"
