"""Streams whose events come from an iterator."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from pharia_skill.csi.inference import ChatEvent, ChatStreamResponse, CompletionEvent, CompletionStreamResponse


class CompletionEvents(CompletionStreamResponse):
    """Leaving the ``with`` block closes a generator it reads from."""

    def __init__(self, events: Iterator[CompletionEvent]) -> None:
        self._events = events

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        close(self._events)
        return None

    def next(self) -> CompletionEvent | None:
        return next(self._events, None)


class ChatEvents(ChatStreamResponse):
    """As :class:`CompletionEvents`; reads the first event at once, and closes the generator when that fails."""

    def __init__(self, events: Iterator[ChatEvent]) -> None:
        self._events = events
        try:
            super().__init__()
        except BaseException:
            close(events)
            raise

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        close(self._events)
        return None

    def _next(self) -> ChatEvent | None:
        return next(self._events, None)


def close(events: Iterator[object]) -> None:
    """Iterators over lists have nothing to close."""
    closing = getattr(events, "close", None)
    if closing is not None:
        closing()
