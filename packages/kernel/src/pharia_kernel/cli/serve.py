"""The server process: bind, start the kernel, serve, drain."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from pharia_kernel.api.server import bind, serve
from pharia_kernel.cli.open_files import allow_open_files
from pharia_kernel.cli.stop import stop_signals
from pharia_kernel.config import Settings
from pharia_kernel.telemetry.tracing import Tracing
from pharia_kernel.types import SkillPath

_LOG = logging.getLogger("pharia_kernel.cli")
_SHOWN = 8


async def serve_until_stopped(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then let calls in flight finish for ``limits.grace_seconds``.

    ``say`` gets the lines for the person who started it. Raises :class:`~pharia_kernel.errors.ConfigError` and
    :class:`~pharia_kernel.errors.AssetMissing`.
    """
    from pharia_kernel.kernel import Kernel  # loads the whole engine, which `--version` should not wait for

    for warning in settings.warnings:
        _LOG.warning(warning)
    allow_open_files()
    tracing = Tracing()
    listener = bind(settings.kernel_address)  # before the kernel starts: the quickest thing that can fail
    with listener, stop_signals() as stop:
        async with AsyncExitStack() as parts:
            with stop.interrupts():
                kernel = await parts.enter_async_context(Kernel(settings, tracer=tracing.tracer))
                url = await parts.enter_async_context(serve(kernel, settings, listener=listener, tracing=tracing))
            say(f"Listening on {url}")
            say(readiness(kernel.skills()))
            await stop.wait()
            say("Stopping; calls in flight may finish (a second signal ends them)")


def readiness(skills: list[SkillPath]) -> str:
    """What can be called, in one line."""
    if not skills:
        return "No skills yet; set NAMESPACES__DEV__DIRECTORY to a directory of components (built in: test-beta/hello)"
    names = ", ".join(str(skill) for skill in sorted(skills)[:_SHOWN])
    more = f" and {len(skills) - _SHOWN} more" if len(skills) > _SHOWN else ""
    return f"Serving {names}{more}"
