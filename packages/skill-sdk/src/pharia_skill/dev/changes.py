"""Whether files have changed since they were read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

Stamp = tuple[int, int, int]


class Changes:
    """Asks the file system, which is quick for the few files of a skill and works on every system and share."""

    def __init__(self) -> None:
        self._seen: dict[Path, Stamp | None] = {}
        self._last_look: dict[Path, Stamp | None] = {}

    def watch(self, paths: Iterable[Path], stamps: Mapping[Path, Stamp | None]) -> None:
        """Look at these from now on. ``stamps`` are those of before they were read, where they matter."""
        self._seen = {path: stamps[path] if path in stamps else stamp(path) for path in paths}

    def any(self) -> bool:
        return self._look() != self._seen

    def settled(self) -> bool:
        """Whether there was a change, and none since the last time this was asked: editors empty a file first."""
        before, self._last_look = self._last_look, self._look()
        return self._last_look != self._seen and self._last_look == before

    def _look(self) -> dict[Path, Stamp | None]:
        return {path: stamp(path) for path in self._seen}


def stamp(path: Path) -> Stamp | None:
    """Differs when the file does; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
