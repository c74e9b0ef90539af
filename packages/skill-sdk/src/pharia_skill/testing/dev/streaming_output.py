"""A writer that keeps what a message-stream skill writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic

from pydantic import BaseModel, SerializeAsAny
from pydantic_core import to_json

from pharia_skill.message_stream.order import check_order
from pharia_skill.message_stream.writer import (
    MessageAppend,
    MessageBegin,
    MessageEnd,
    MessageItem,
    MessageWriter,
    Payload,
    Reasoning,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span


class RecordedMessage(BaseModel, Generic[Payload]):
    """A whole message."""

    role: str | None
    content: str = ""
    reasoning_content: str = ""
    payload: SerializeAsAny[Payload] | None = None


class MessageRecorder(MessageWriter[Payload]):
    """``items`` are what was written, in the order the kernel would have passed on; :meth:`messages` joins them.

    While ``span`` is set every item becomes an event of it.
    """

    def __init__(self) -> None:
        self.items: list[MessageItem[Payload]] = []
        self.span: Span | None = None

    def write(self, item: MessageItem[Payload]) -> None:
        """Raises :class:`~pharia_skill.errors.MessageOutOfOrder`, a ``ValueError``, where the kernel ends the skill."""
        if self.span is not None:
            self.span.add_event(*_event(item))
        self.validate(self.items, item)
        self.items.append(item)

    @staticmethod
    def validate(existing: Sequence[MessageItem[Any]], item: MessageItem[Any]) -> None:
        """Raise unless ``item`` may follow the items before it."""
        check_order(existing[-1] if existing else None, item)

    def messages(self) -> list[RecordedMessage[Payload]]:
        """One for every ``MessageBegin``; the last one may still be open."""
        messages: list[RecordedMessage[Payload]] = []
        for item in self.items:
            match item:
                case MessageBegin():
                    messages.append(RecordedMessage(role=item.role))
                case MessageAppend():
                    messages[-1].content += item.text
                case Reasoning():
                    messages[-1].reasoning_content += item.content
                case MessageEnd():
                    messages[-1].payload = item.payload
        return messages

    def skill_output(self) -> str:
        """JSON for traces: the message, or the list of messages when there is not exactly one."""
        rendered = [message.model_dump_json(exclude_none=True) for message in self.messages()]
        return rendered[0] if len(rendered) == 1 else f"[{','.join(rendered)}]"


DevResponse = MessageRecorder
"""The name of SDK 0.9."""


def _event(item: MessageItem[Any]) -> tuple[str, dict[str, str]]:
    match item:
        case MessageBegin():
            return "message_begin", {} if item.role is None else {"role": item.role}
        case MessageAppend():
            return "message_append", {"text": item.text}
        case Reasoning():
            return "reasoning", {"content": item.content}
        case MessageEnd():
            return "message_end", {} if item.payload is None else {"payload": to_json(item.payload).decode()}
