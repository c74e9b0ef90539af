"""Search words marked in the original text."""

from __future__ import annotations

import re
from collections.abc import Iterable

BEFORE, AFTER = "<mark>", "</mark>"
SNIPPET_CHARACTERS = 160


def highlighted(text: str, words: Iterable[str]) -> str:
    """The text with every search word between `<mark>` and `</mark>`."""
    pattern = _pattern(words)
    return pattern.sub(lambda match: f"{BEFORE}{match.group()}{AFTER}", text) if pattern else text


def snippet(text: str, words: Iterable[str]) -> str:
    """About 160 characters around the first search word, marked."""
    wanted = list(words)
    pattern = _pattern(wanted)
    first = pattern.search(text) if pattern else None
    start = max(0, (first.start() if first else 0) - SNIPPET_CHARACTERS // 4)
    end = min(len(text), start + SNIPPET_CHARACTERS)
    shown = highlighted(text[start:end], wanted)
    return f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    alternatives = "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
    return re.compile(alternatives, re.IGNORECASE) if alternatives else None
