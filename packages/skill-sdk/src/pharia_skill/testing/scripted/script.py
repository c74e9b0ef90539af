"""Answers that were queued, and which of them fits a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pharia_skill.testing.scripted.calls import Request, subject_of, text_of

When = str | re.Pattern[str] | Callable[[Any], bool] | None
"""A text or pattern that occurs in the request's text, or a function of the request."""


@dataclass
class Entry:
    """``give`` makes the answer of a request or raises; ``left`` counts down, ``None`` never ends."""

    function: str
    subject: str | None
    when: When
    left: int | None
    give: Callable[[Any], Any]

    def fits(self, function: str, request: Request) -> bool:
        if self.left == 0 or self.function != function or self.subject not in (None, subject_of(request)):
            return False
        if self.when is None:
            return True
        if callable(self.when):
            return self.when(request)
        return (
            re.search(re.escape(self.when) if isinstance(self.when, str) else self.when, text_of(request)) is not None
        )

    def __str__(self) -> str:
        parts = [self.function if self.subject is None else f"{self.function} {self.subject}"]
        if isinstance(self.when, re.Pattern):
            parts.append(f"when /{self.when.pattern}/")
        elif self.when is not None:
            parts.append(f"when {self.when!r}" if isinstance(self.when, str) else f"when {self.when.__name__}")
        if self.left is not None and self.left > 1:
            parts.append(f"{self.left} times")
        return ", ".join(parts)


class Script:
    """Of several answers that fit, the one that was queued first is given."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def take(self, function: str, request: Request) -> Entry | None:
        for entry in self._entries:
            if entry.fits(function, request):
                if entry.left is not None:
                    entry.left -= 1
                return entry
        return None

    def left(self) -> Iterable[Entry]:
        """Answers that have to be given yet."""
        return (entry for entry in self._entries if entry.left)

    def waiting(self) -> Iterable[Entry]:
        """Answers that can be given yet, those for any number of requests included."""
        return (entry for entry in self._entries if entry.left != 0)
