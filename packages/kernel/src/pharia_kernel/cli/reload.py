"""A running kernel whose settings are read again: when somebody asks, or when they have changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from pharia_kernel.cli.hangup import Hangup
from pharia_kernel.config import Settings
from pharia_kernel.errors import KernelError

_LOG = logging.getLogger("pharia_kernel.cli")

ReadSettings = Callable[[], Settings]


class Reloadable(Protocol):
    async def reload(self, settings: Settings) -> object:
        """What has changed, for people; raises :class:`~pharia_kernel.errors.ConfigError`."""
        ...


@asynccontextmanager
async def reloading(
    kernel: Reloadable, settings: Settings, read: ReadSettings, hangup: Hangup
) -> AsyncGenerator[None, None]:
    """While the context is open; ``settings`` are those the kernel was started with, ``read`` blocks."""
    task = asyncio.create_task(_keep(kernel, settings, read, hangup), name="reload settings")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _keep(kernel: Reloadable, settings: Settings, read: ReadSettings, hangup: Hangup) -> None:
    told = ""
    while True:
        asked = await hangup.wait(settings.config_reload_interval)
        try:
            fresh = await asyncio.to_thread(read)
            if not asked and fresh.effective() == settings.effective():
                told = ""
                continue
            result = await kernel.reload(fresh)
        except KernelError as error:
            if asked or str(error) != told:
                _LOG.error("the settings can not be used, those before stay in force: %s", error)
            told = str(error)
        except Exception:
            _LOG.exception("reading the settings again")
        else:
            settings, told = fresh, ""
            for warning in fresh.warnings:
                _LOG.warning(warning)
            _LOG.info("the settings were read again: %s", result)
