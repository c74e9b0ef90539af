"""A completion as it is written."""

from __future__ import annotations

from abc import abstractmethod

from pharia_skill.csi.inference.completion import CompletionAppend, CompletionEvent
from pharia_skill.csi.inference.stream import StreamResponse


class CompletionStreamResponse(StreamResponse[CompletionAppend, CompletionAppend]):
    """Leaving the ``with`` block frees the stream; without one that is left to the garbage collector."""

    @abstractmethod
    def next(self) -> CompletionEvent | None:
        """Wait for the next event; ``None`` at the end."""

    def _part(self, event: CompletionAppend) -> CompletionAppend:
        if not isinstance(event, CompletionAppend):
            raise ValueError("Invalid event")
        return event
