"""A chat answer as it is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from types import TracebackType
from typing import Self

from pharia_skill.csi.inference.events import (
    ChatEvent,
    FinishReason,
    MessageAppend,
    MessageBegin,
    Reasoning,
    TokenUsage,
    ToolCallEvent,
    _merge_tool_call_chunks,
)
from pharia_skill.csi.inference.message import Message, Role, ToolCall
from pharia_skill.csi.inference.tool import ToolCallRequest


class ChatStreamResponse(ABC):
    """Waits for the first event when it is made; a first event that is no begin raises ``ValueError``.

    Leaving the ``with`` block frees the stream; without one that is left to the garbage collector.
    """

    role: str

    def __init__(self) -> None:
        self.buffer: list[ChatEvent] = []
        self._finish_reason: FinishReason | None = None
        self._usage: TokenUsage | None = None
        self._tool_calls: list[ToolCall] | None = None
        event = self._next()
        if not isinstance(event, MessageBegin):
            raise ValueError(f"Invalid first stream event: {event}")
        self.role = event.role

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
    def _next(self) -> ChatEvent | None:
        """Wait for the next event of the source; ``None`` at the end."""

    def next(self) -> ChatEvent | None:
        """The next event, those looked at before included; ``None`` at the end."""
        return self.buffer.pop(0) if self.buffer else self._next()

    def _peek(self) -> ChatEvent | None:
        """Look one event further ahead without consuming it."""
        event = self._next()
        if event is not None:
            self.buffer.append(event)
        return event

    peek = _peek

    def stream(self) -> Generator[MessageAppend | Reasoning, None, None]:
        """Text and reasoning as they come; tool calls are left out. Raises ``RuntimeError`` when it was read before."""
        if self._usage is not None:
            raise RuntimeError("The stream has already been consumed")
        while (event := self.next()) is not None:
            match event:
                case MessageAppend() | Reasoning():
                    yield event
                case FinishReason():
                    self._finish_reason = event
                case TokenUsage():
                    self._usage = event
                case ToolCallEvent():
                    pass
                case _:
                    raise ValueError("Invalid event stream")

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

    def consume_message(self) -> Message:
        """The rest of the stream as one message."""
        content, reasoning = "", ""
        for part in self.stream():
            if isinstance(part, Reasoning):
                reasoning += part.content
            else:
                content += part.content
        return Message(Role(self.role), content, reasoning)

    def tool_calls(self) -> list[ToolCall] | None:
        """The tools the model asks for at the start of its answer; then the stream is closed.

        ``None`` when the answer begins with anything else; the stream can be read as if nothing had happened.
        """
        if self._tool_calls is not None:
            return self._tool_calls
        events = self._leading_tool_calls()
        if not events:
            return None
        self._tool_calls = _merge_tool_call_chunks(events)
        self.__exit__(None, None, None)
        return self._tool_calls

    def _leading_tool_calls(self) -> list[ToolCallEvent]:
        """Reasoning and empty text may stand before them."""
        events: list[ToolCallEvent] = []
        position = 0
        while self._usage is None and (position < len(self.buffer) or self._peek() is not None):
            event = self.buffer[position]
            if isinstance(event, ToolCallEvent):
                events.append(event)
            elif events or not (isinstance(event, Reasoning) or event == MessageAppend("")):
                break
            position += 1
        return events

    def tool_call(self) -> ToolCallRequest | None:
        """The first of :meth:`tool_calls`, as SDK 0.17 to 0.20 gave it."""
        calls = self.tool_calls()
        return ToolCallRequest(calls[0].name, calls[0].arguments) if calls else None

    def _consume(self) -> None:
        for _ in self.stream():
            pass
