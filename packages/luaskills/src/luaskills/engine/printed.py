"""What isolated code prints, up to a bound."""

from __future__ import annotations

MOST_CHARACTERS = 1024 * 1024
CUT = "[output beyond 1048576 characters is left out]"


class Printed:
    """Lines in the order they were printed."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._left = MOST_CHARACTERS

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def add(self, line: str) -> None:
        """Keep a line; the one that does not fit is cut, and said to be."""
        if self._left < 0:
            return
        self._left -= len(line) + 1
        self._lines.append(line if self._left >= 0 else CUT)
