"""A deadline for each of many short waits.

Hot path, once per token: a timer of its own for every wait would cost more than the rest of reading it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class IdleWatch:
    """Calls ``give_up`` once, when a wait lasts longer than ``seconds``."""

    def __init__(self, seconds: float, give_up: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._give_up = give_up
        self._since: float | None = None
        self._timer = self._loop.call_later(seconds, self._check)
        self.expired = False

    def begin(self) -> None:
        self._since = self._loop.time()

    def end(self) -> None:
        self._since = None

    def close(self) -> None:
        self._timer.cancel()

    def _check(self) -> None:
        now = self._loop.time()
        left = self._seconds if self._since is None else self._since + self._seconds - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._check)
        else:
            self.expired = True
            self._give_up()
