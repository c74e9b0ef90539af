"""Signals that end the process: the first asks, the second does not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_FIRST_PROCESS = 1
"""Of a container: the system does not end it by a signal it has no handler for."""


class Stop:
    """Whether somebody asked the process to end."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._interruptible: asyncio.Task[object] | None = None

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    async def wait(self, seconds: float | None = None) -> None:
        """Return when somebody asks, or after so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)

    def ask(self) -> None:
        self._asked.set()
        if self._interruptible is not None:
            self._interruptible.cancel()

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        """The current task is cancelled when somebody asks while the context is open."""
        self._interruptible = asyncio.current_task()
        try:
            yield
        finally:
            self._interruptible = None


def _end_at_once(number: int, _: object) -> None:
    os._exit(128 + number)


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """SIGINT and SIGTERM ask to stop; after the first one they end the process at once."""
    loop = asyncio.get_running_loop()
    stop = Stop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def first() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, _end_at_once if os.getpid() == _FIRST_PROCESS else signal.SIG_DFL)
        stop.ask()

    for number in SIGNALS:
        loop.add_signal_handler(number, first)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
