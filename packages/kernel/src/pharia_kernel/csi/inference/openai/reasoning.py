"""Reasoning that a model writes into its answer, between ``<think>`` and ``</think>`` at the very start."""

from __future__ import annotations

from enum import Enum, auto

_OPEN = "<think>"
_CLOSE = "</think>"


class _Inside(Enum):
    START = auto()
    REASONING = auto()
    CONTENT = auto()


def split_reasoning(text: str) -> tuple[str | None, str | None]:
    """Reasoning and content of a whole text. Without an end tag everything is reasoning and content is None."""
    opened = text.lstrip()
    if not opened.startswith(_OPEN):
        return None, text
    reasoning, close, content = opened[len(_OPEN) :].partition(_CLOSE)
    return reasoning or None, content if close else None


class ReasoningSplitter:
    """The same for text that arrives in pieces; a tag may be cut anywhere."""

    def __init__(self) -> None:
        self._inside = _Inside.START
        self._held = ""

    def feed(self, text: str) -> tuple[str, str]:
        """Reasoning and content to deliver now, in this order; either may be empty."""
        if self._inside is _Inside.CONTENT:
            return "", text
        text = self._held + text
        self._held = ""
        if self._inside is _Inside.START:
            opened = text.lstrip()
            if _OPEN.startswith(opened[: len(_OPEN)]) and len(opened) < len(_OPEN):
                self._held = text
                return "", ""
            if not opened.startswith(_OPEN):
                self._inside = _Inside.CONTENT
                return "", text
            self._inside = _Inside.REASONING
            text = opened[len(_OPEN) :]
        return self._within(text)

    def end(self) -> tuple[str, str]:
        """What was held back because it might have been the beginning of a tag."""
        held, self._held = self._held, ""
        return ("", held) if self._inside is _Inside.START else (held, "")

    def _within(self, text: str) -> tuple[str, str]:
        reasoning, close, content = text.partition(_CLOSE)
        if close:
            self._inside = _Inside.CONTENT
            return reasoning, content
        keep = next((n for n in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:n])), 0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], ""
