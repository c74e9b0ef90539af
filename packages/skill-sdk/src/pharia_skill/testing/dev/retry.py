"""When to ask again, and how long to wait before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BUSY = (429, 503)


@dataclass(frozen=True)
class Retry:
    """``attempts`` counts the first one; waits are seconds and double from ``first_wait`` on.

    A server that asks for more than ``longest_wait`` is not asked again.
    """

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 30.0

    def wait(self, attempt: int, retry_after: str | None = None) -> float | None:
        """Seconds to wait after the failed attempt with this number, from 1; ``None`` to give up."""
        if attempt >= self.attempts:
            return None
        asked = seconds_of(retry_after)
        if asked is None:
            return float(min(self.first_wait * 2 ** (attempt - 1), self.longest_wait))
        return asked if asked <= self.longest_wait else None


def seconds_of(retry_after: str | None, now: datetime | None = None) -> float | None:
    """The header ``Retry-After``, which holds seconds or a date; ``None`` when it holds neither."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
