"""When what lies in a directory is complete.

Something counts as settled, and so may be read, when two scans at least ``settle_seconds`` apart saw the same of it, or
when nothing was written to it for a while: then nobody is still copying it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Seen = TypeVar("Seen")

_QUIET_NS = 2_000_000_000
"""What is not written for this long is settled at first sight; two seconds is the coarsest time stamp in use (FAT)."""


def written_ns(status: os.stat_result) -> int:
    """The last moment at which something about a file changed."""
    return max(status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class _Sighting(Generic[Seen]):
    revision: Seen
    first_seen: float
    settled: bool


class Settling(Generic[Seen]):
    """Remembers what the scan before saw, by name."""

    def __init__(self, settle_seconds: float, monotonic: Callable[[], float], wall_clock_ns: Callable[[], int]) -> None:
        self._settle_seconds = settle_seconds
        self._monotonic, self._wall_clock_ns = monotonic, wall_clock_ns
        self._sightings: dict[str, _Sighting[Seen]] = {}

    def see(self, found: Mapping[str, tuple[Seen, int]]) -> dict[str, bool]:
        """What is settled of that which a scan found: its revision, and when it was written last."""
        now, wall_ns = self._monotonic(), self._wall_clock_ns()
        self._sightings = {
            name: self._sighting(self._sightings.get(name), revision, wall_ns - written > _QUIET_NS, now)
            for name, (revision, written) in found.items()
        }
        return {name: sighting.settled for name, sighting in self._sightings.items()}

    def _sighting(self, before: _Sighting[Seen] | None, revision: Seen, quiet: bool, now: float) -> _Sighting[Seen]:
        if before is None or before.revision != revision:
            return _Sighting(revision, now, quiet)
        settled = before.settled or now - before.first_seen >= self._settle_seconds
        return _Sighting(revision, before.first_seen, settled)
