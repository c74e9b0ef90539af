"""How often to look at a namespace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from one look to the next."""

    interval: float
    jitter: float = 0.0
    """Part of a pause by which it may be longer or shorter, so that not all look at the same moment."""
    longest: float = 0.0
    """After failures in a row pauses double up to this; never less than ``interval``."""

    def pause(self, failures: int, uniform: Callable[[float, float], float]) -> float:
        """After so many looks in a row that told nothing."""
        slower = min(self.interval * 2.0 ** min(failures, _DOUBLINGS), max(self.interval, self.longest))
        return slower * uniform(1 - self.jitter, 1 + self.jitter)
