"""The writer of a running component."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel
from pydantic_core import to_json

from pharia_skill.bindings.imports import streaming_output as wit
from pharia_skill.errors import UnsupportedByWit
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


class WitMessageWriter(MessageWriter[Payload]):
    """Owns the host's output; leaving the ``with`` block gives it back."""

    def __init__(self, output: wit.StreamOutput) -> None:
        self._output = output
        self._last: MessageItem[Payload] | None = None

    def __enter__(self) -> Self:
        self._output.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._output.__exit__(exc_type, exc_value, traceback)

    def write(self, item: MessageItem[Payload]) -> None:
        """Raises :class:`~pharia_skill.errors.MessageOutOfOrder` where the kernel would end the skill."""
        check_order(self._last, item)
        self._output.write(message_item_to_wit(item))
        self._last = item


def message_item_to_wit(item: MessageItem[Any]) -> wit.MessageItem:
    match item:
        case MessageAppend():
            return wit.MessageItem_MessageAppend(item.text)
        case MessageBegin():
            return wit.MessageItem_MessageBegin(wit.BeginAttributes(item.role))
        case MessageEnd():
            return wit.MessageItem_MessageEnd(_json(item.payload))
        case Reasoning():
            if not hasattr(wit, "MessageItem_Reasoning"):
                raise UnsupportedByWit("WIT 0.3 has no reasoning in messages (build the skill with --wit 0.4)")
            return wit.MessageItem_Reasoning(item.content)


def _json(payload: object) -> bytes | None:
    if isinstance(payload, BaseModel):
        return payload.model_dump_json().encode()
    return None if payload is None else to_json(payload)
