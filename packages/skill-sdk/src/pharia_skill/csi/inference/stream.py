"""What completion and chat streams have in common: parts, then why it ended, then what it cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from types import TracebackType
from typing import Generic, Self, TypeVar

from pharia_skill.csi.inference.events import FinishReason, TokenUsage

Event = TypeVar("Event")
Part = TypeVar("Part")


class StreamResponse(ABC, Generic[Event, Part]):
    """Leaving the ``with`` block frees the stream; without one that is left to the garbage collector."""

    _finish_reason: FinishReason | None = None
    _usage: TokenUsage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return None

    @abstractmethod
    def next(self) -> Event | FinishReason | TokenUsage | None:
        """Wait for the next event; ``None`` at the end."""

    @abstractmethod
    def _part(self, event: Event) -> Part | None:
        """The event, if :meth:`stream` gives it. Raises ``ValueError`` for one that has no place there."""

    def stream(self) -> Generator[Part, None, None]:
        """The answer as it comes. Raises ``RuntimeError`` when it was read before."""
        if self._usage is not None:
            raise RuntimeError("The stream has already been consumed")
        while (event := self.next()) is not None:
            if isinstance(event, FinishReason):
                self._finish_reason = event
            elif isinstance(event, TokenUsage):
                self._usage = event
            elif (part := self._part(event)) is not None:
                yield part

    def finish_reason(self) -> FinishReason:
        """Why the model stopped; reads the rest of the stream if need be."""
        if self._finish_reason is None:
            self._consume()
        if self._finish_reason is None:
            raise ValueError("Invalid event stream")
        return self._finish_reason

    def usage(self) -> TokenUsage:
        """Tokens of prompt and answer; reads the rest of the stream if need be."""
        if self._usage is None:
            self._consume()
        if self._usage is None:
            raise ValueError("Invalid event stream")
        return self._usage

    def _consume(self) -> None:
        for _ in self.stream():
            pass
