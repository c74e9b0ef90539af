"""A chat answer as it is written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator

from pharia_skill.csi.inference.events import (
    ChatEvent,
    MessageAppend,
    MessageBegin,
    Reasoning,
    ToolCallEvent,
    _merge_tool_call_chunks,
)
from pharia_skill.csi.inference.message import Message, Role, ToolCall
from pharia_skill.csi.inference.prompted_tools import parse_tool_call
from pharia_skill.csi.inference.stream import StreamResponse
from pharia_skill.csi.inference.tool_types import ToolCallRequest

_Content = MessageBegin | Reasoning | MessageAppend | ToolCallEvent


class ChatStreamResponse(StreamResponse[_Content, MessageAppend | Reasoning]):
    """Waits for the first event when it is made; a first event that is no begin raises ``ValueError``.

    :meth:`stream` gives text and reasoning as they come and leaves out tool calls. Leaving the ``with`` block frees the
    stream; without one that is left to the garbage collector.
    """

    role: str

    def __init__(self) -> None:
        self.buffer: list[ChatEvent] = []
        self._tool_calls: list[ToolCall] | None = None
        self._prompted_call: ToolCallRequest | None = None
        event = self._next()
        if not isinstance(event, MessageBegin):
            raise ValueError(f"Invalid first stream event: {event}")
        self.role = event.role

    @abstractmethod
    def _next(self) -> ChatEvent | None:
        """Wait for the next event of the source; ``None`` at the end."""

    def next(self) -> ChatEvent | None:
        """The next event, those looked at before included; ``None`` at the end."""
        return self.buffer.pop(0) if self.buffer else self._next()

    def _part(self, event: _Content) -> MessageAppend | Reasoning | None:
        if isinstance(event, MessageAppend | Reasoning):
            return event
        if isinstance(event, ToolCallEvent):
            return None
        raise ValueError("Invalid event stream")

    def _peek(self) -> ChatEvent | None:
        """Look one event further ahead without consuming it."""
        event = self._next()
        if event is not None:
            self.buffer.append(event)
        return event

    def _peek_iterator(self) -> Generator[ChatEvent, None, None]:
        """All events that are left, without consuming them."""
        position = 0
        while self._usage is None and (position < len(self.buffer) or self._peek() is not None):
            yield self.buffer[position]
            position += 1

    peek = _peek
    peek_iterator = _peek_iterator

    def consume_message(self) -> Message:
        """The rest of the stream as one message."""
        content, reasoning = "", ""
        for part in self.stream():
            if isinstance(part, Reasoning):
                reasoning += part.content
            else:
                content += part.content
        return Message(Role(self.role), content, reasoning)

    def message(self) -> Message:
        """:meth:`consume_message` as SDK 0.11 named it."""
        return self.consume_message()

    def tool_calls(self) -> list[ToolCall] | None:
        """The tools the model asks for at the start of its answer; then the stream is closed.

        ``None`` when the answer begins with anything else; the stream can be read as if nothing had happened.
        """
        if self._tool_calls is None and (events := self._leading_tool_calls()):
            self._tool_calls = _merge_tool_call_chunks(events)
            self.__exit__(None, None, None)
        return self._tool_calls

    def tool_call(self) -> ToolCallRequest | None:
        """The call the answer is, as SDK 0.17 to 0.20 gave it: text in JSON, or the first of :meth:`tool_calls`."""
        if calls := self.tool_calls():
            return ToolCallRequest(calls[0].name, calls[0].arguments)
        if self._prompted_call is None:
            self._prompted_call = parse_tool_call(self._peek_iterator())
        return self._prompted_call

    def _leading_tool_calls(self) -> list[ToolCallEvent]:
        """Reasoning and empty text may stand before them."""
        events: list[ToolCallEvent] = []
        for event in self._peek_iterator():
            if isinstance(event, ToolCallEvent):
                events.append(event)
            elif events or not (isinstance(event, Reasoning) or event == MessageAppend("")):
                break
        return events
