"""A completion as it is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from types import TracebackType
from typing import Self

from pharia_skill.csi.inference.completion import CompletionAppend, CompletionEvent
from pharia_skill.csi.inference.events import FinishReason, TokenUsage


class CompletionStreamResponse(ABC):
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
    def next(self) -> CompletionEvent | None:
        """Wait for the next event; ``None`` at the end."""

    def stream(self) -> Generator[CompletionAppend, None, None]:
        """The text as it comes. Raises ``RuntimeError`` when it was read before."""
        if self._usage is not None:
            raise RuntimeError("The stream has already been consumed")
        while (event := self.next()) is not None:
            match event:
                case CompletionAppend():
                    yield event
                case FinishReason():
                    self._finish_reason = event
                case TokenUsage():
                    self._usage = event
                case _:
                    raise ValueError("Invalid event")

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
