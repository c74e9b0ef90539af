"""The data of message-stream events in the OpenAPI document; :mod:`pharia_kernel.api.sse` writes it."""

from __future__ import annotations

from typing import Any

import msgspec

from pharia_kernel.api.event_schema import any_of_events
from pharia_kernel.api.operation import REF
from pharia_kernel.api.problem import StreamProblem


class MessageBegin(msgspec.Struct, frozen=True, tag="begin"):
    pass


class MessageAppend(msgspec.Struct, frozen=True, tag="append"):
    text: str


class MessageEnd(msgspec.Struct, frozen=True, tag="end"):
    payload: Any
    """What the skill adds to its message; null if nothing."""


class ReasoningText(msgspec.Struct, frozen=True, tag="reasoning"):
    text: str


class ToolBegin(msgspec.Struct, frozen=True, tag="begin"):
    name: str


class ToolEnd(msgspec.Struct, frozen=True, tag="end"):
    name: str


class ToolError(msgspec.Struct, frozen=True, tag="error"):
    """The skill goes on."""

    name: str
    message: str


_EVENTS: dict[str, Any] = {
    "message": MessageBegin | MessageAppend | MessageEnd,
    "reasoning": ReasoningText,
    "tool": ToolBegin | ToolEnd | ToolError,
}
(*_DATA, _), MESSAGE_SCHEMAS = msgspec.json.schema_components((*_EVENTS.values(), StreamProblem), ref_template=REF)
MESSAGE_EVENT = any_of_events(zip(_EVENTS, _DATA, strict=True))
"""The schema of one event, which refers to those of :data:`MESSAGE_SCHEMAS`."""
