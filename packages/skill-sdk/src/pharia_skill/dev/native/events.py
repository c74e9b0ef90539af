"""A writer whose items leave as the kernel's HTTP interface names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pharia_skill.message_stream import MessageAppend, MessageBegin, MessageEnd, MessageItem, MessageWriter
from pharia_skill.message_stream.order import check_order

Send = Callable[[str, str], None]
"""Takes the name of the event, and its data as JSON on one line."""


class EventWriter(MessageWriter[Any]):
    def __init__(self, send: Send) -> None:
        self._send = send
        self._last: MessageItem[Any] | None = None

    def write(self, item: MessageItem[Any]) -> None:
        """Raises :class:`~pharia_skill.errors.MessageOutOfOrder` as the kernel would."""
        check_order(self._last, item)
        self._last = item
        self._send(*_event(item))


def _event(item: MessageItem[Any]) -> tuple[str, str]:
    match item:
        case MessageBegin():
            return "message", '{"type":"begin"}'
        case MessageAppend(text=text):
            return "message", '{"type":"append","text":' + _json(text) + "}"
        case MessageEnd(payload=payload):
            data = "null" if payload is None else payload.model_dump_json()
            return "message", '{"type":"end","payload":' + data + "}"
    return "reasoning", '{"type":"reasoning","text":' + _json(item.content) + "}"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
