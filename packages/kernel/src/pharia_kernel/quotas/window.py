"""Counts that begin anew with each minute, or day, of the clock (UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Window:
    name: Literal["minute", "day"]
    seconds: int

    def number(self, wall: float) -> int:
        """Of the window at a time in seconds since 1970; another number is another window, also after a clock jumps."""
        return int(wall // self.seconds)

    def rest(self, wall: float) -> float:
        """Seconds until the next one begins."""
        return self.seconds - wall % self.seconds


MINUTE = Window("minute", 60)
DAY = Window("day", 86_400)
