"""When a request that failed is sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter."""

    retries: int = 3
    first_seconds: float = 0.5
    """Upper bound of the first pause; each further bound is twice the one before."""
    longest_seconds: float = 20.0
    """A backend that asks for a longer pause is not asked again."""

    def pause(self, attempt: int, asked: float | None, uniform: Callable[[float, float], float]) -> float | None:
        """Seconds to wait after failure number ``attempt`` (from 0), or None when that was the last attempt.

        ``asked`` is the backend's own wish in seconds; ``uniform`` draws a number between its arguments.
        """
        if attempt >= self.retries or (asked or 0) > self.longest_seconds:
            return None
        bound = min(self.first_seconds * 2**attempt, self.longest_seconds)
        return max(uniform(0, bound), asked or 0)
