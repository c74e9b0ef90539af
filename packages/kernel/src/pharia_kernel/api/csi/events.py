"""Parts of completion and chat streams as server-sent events.

Hot path: one call per token, at most a few microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pharia_kernel.api.csi.chat_answer import expect_no_tool_call
from pharia_kernel.api.csi.completion import FINISH_REASONS
from pharia_kernel.api.csi.logprobs import distributions
from pharia_kernel.csi import types as csi

HEARTBEAT = b"\n\n"
"""Released SDKs fail on comments, and pass over empty lines as everybody does."""

Events = Mapping[type, tuple[bytes, Callable[[Any], Any]]]
"""Name and data of the event of each part; parts that are not here are left out."""

_json = msgspec.json.Encoder().encode


def encode_part(events: Events, part: csi.Part) -> bytes | None:
    """The whole event with its empty line."""
    found = events.get(type(part))
    if found is None:
        return None
    name, data = found
    return b"event: " + name + b"\ndata: " + _json(data(part)) + b"\n\n"


def check_part(request: Any, part: csi.Part) -> None:
    """Of a chat in the first version; raises :class:`~pharia_kernel.errors.BackendAnswerInvalid`."""
    if type(part) is csi.ToolCallPart or type(part) is csi.End:
        finish = part.finish if isinstance(part, csi.End) else None
        expect_no_tool_call(request, finish, isinstance(part, csi.ToolCallPart))


def _finish(part: csi.End) -> Any:
    return {"finish_reason": FINISH_REASONS[part.finish]}


def _usage(part: csi.Used) -> Any:
    return {"usage": part.usage}


COMPLETION: Events = {
    csi.TextPart: (b"append", lambda part: {"text": part.text, "logprobs": distributions(part.tokens)}),
    csi.End: (b"end", _finish),
    csi.Used: (b"usage", _usage),
}
CHAT_V1: Events = {
    csi.Begin: (b"message_begin", lambda part: part),
    csi.TextPart: (b"message_append", lambda part: {"content": part.text, "logprobs": distributions(part.tokens)}),
    csi.ToolCallPart: (b"tool_call", lambda part: {"tool_calls": part.chunks}),
    csi.End: (b"message_end", _finish),
    csi.Used: (b"usage", _usage),
}
CHAT_V2: Events = {
    **CHAT_V1,
    csi.TextPart: (b"message_append", lambda part: {"content": part.text}),
    csi.ReasoningPart: (b"reasoning", lambda part: {"content": part.text}),
}
