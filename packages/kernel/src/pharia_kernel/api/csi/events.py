"""Parts of completion and chat streams as server-sent events.

Hot path: one call per token, at most a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from pharia_kernel.api.csi.chat_answer import expect_no_tool_call
from pharia_kernel.api.csi.completion import FINISH_REASONS, FinishReason
from pharia_kernel.api.csi.logprobs import Distribution, distributions
from pharia_kernel.csi import types as csi

HEARTBEAT = b"\n\n"
"""Released SDKs fail on comments, and pass over empty lines as everybody does."""


class Appended(msgspec.Struct, frozen=True):
    text: str
    logprobs: list[Distribution]


class MessageAppended(msgspec.Struct, frozen=True):
    content: str
    logprobs: list[Distribution]


class Content(msgspec.Struct, frozen=True):
    content: str


class ToolCalled(msgspec.Struct, frozen=True):
    tool_calls: tuple[csi.ToolCallChunk, ...]


class Ended(msgspec.Struct, frozen=True):
    finish_reason: FinishReason


class Used(msgspec.Struct, frozen=True):
    usage: csi.Usage


class Event(NamedTuple):
    name: str
    data: type
    """What :attr:`write` gives; in the API's description."""
    write: Callable[[Any], Any]
    """From the part."""


Events = Mapping[type, Event]
"""The event of each part; parts that are not here are left out."""

_json = msgspec.json.Encoder().encode


def encode_part(events: Events, part: csi.Part) -> bytes | None:
    """The whole event with its empty line."""
    found = events.get(type(part))
    if found is None:
        return None
    name, _, write = found
    return b"event: " + name.encode() + b"\ndata: " + _json(write(part)) + b"\n\n"


def check_part(request: Any, part: csi.Part) -> None:
    """Of a chat in the first version; raises :class:`~pharia_kernel.errors.BackendAnswerInvalid`."""
    if type(part) is csi.ToolCallPart or type(part) is csi.End:
        finish = part.finish if isinstance(part, csi.End) else None
        expect_no_tool_call(request, finish, isinstance(part, csi.ToolCallPart))


def _ended(part: csi.End) -> Ended:
    return Ended(FINISH_REASONS[part.finish])


_USED = Event("usage", Used, lambda part: Used(part.usage))

COMPLETION: Events = {
    csi.TextPart: Event("append", Appended, lambda part: Appended(part.text, distributions(part.tokens))),
    csi.End: Event("end", Ended, _ended),
    csi.Used: _USED,
}
CHAT_V1: Events = {
    csi.Begin: Event("message_begin", csi.Begin, lambda part: part),
    csi.TextPart: Event(
        "message_append", MessageAppended, lambda part: MessageAppended(part.text, distributions(part.tokens))
    ),
    csi.ToolCallPart: Event("tool_call", ToolCalled, lambda part: ToolCalled(part.chunks)),
    csi.End: Event("message_end", Ended, _ended),
    csi.Used: _USED,
}
CHAT_V2: Events = {
    **CHAT_V1,
    csi.TextPart: Event("message_append", Content, lambda part: Content(part.text)),
    csi.ReasoningPart: Event("reasoning", Content, lambda part: Content(part.text)),
}
