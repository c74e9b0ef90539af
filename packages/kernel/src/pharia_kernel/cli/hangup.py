"""SIGHUP: read the settings again. Where a terminal was closed, it still means the end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pharia_kernel.cli.stop import Stop

_TERMINAL = "/dev/tty"


class Hangup:
    """Whether somebody asked since the last time."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    def ask(self) -> None:
        self._asked.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Return when somebody asks (True), or after so many seconds (False)."""
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True


def has_terminal() -> bool:
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


@contextmanager
def hangups(stop: Stop, terminal: Callable[[], bool] = has_terminal) -> Iterator[Hangup]:
    """SIGHUP asks, while the context is open; or ends the process whose terminal is gone."""
    hangup = Hangup()
    if not hasattr(signal, "SIGHUP"):
        yield hangup
        return
    loop, had_terminal = asyncio.get_running_loop(), terminal()
    before = signal.getsignal(signal.SIGHUP)

    def heard() -> None:
        if had_terminal and not terminal():
            stop.ask()
        else:
            hangup.ask()

    loop.add_signal_handler(signal.SIGHUP, heard)
    try:
        yield hangup
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, before)
