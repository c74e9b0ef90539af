"""Server-sent events of a message stream as bytes.

Hot path: one call per token, at most a few microseconds; ``data`` is written in the order clients know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pharia_kernel.api.problem import StreamProblem, problem_members
from pharia_kernel.errors import KernelError
from pharia_kernel.types import (
    Failed,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    Reasoning,
    StreamEvent,
    ToolBegin,
    ToolEnd,
    ToolFailed,
)

HEARTBEAT = b": \n\n"
_json = msgspec.json.Encoder().encode


def encode_event(event: StreamEvent) -> bytes:
    """The whole event with its empty line."""
    return _ENCODERS[type(event)](event)


def encode_failure(error: KernelError) -> bytes:
    problem = StreamProblem(message=str(error), **problem_members(error))
    return b"event: error\ndata: " + _json(problem) + b"\n\n"


def _append(event: MessageAppend) -> bytes:
    return b'event: message\ndata: {"type":"append","text":' + _json(event.text) + b"}\n\n"


def _end(event: MessageEnd) -> bytes:
    payload = bytes(event.payload)
    if b"\n" in payload or b"\r" in payload:  # would end the data line
        payload = msgspec.json.format(payload, indent=-1)
    return b'event: message\ndata: {"type":"end","payload":' + payload + b"}\n\n"


def _reasoning(event: Reasoning) -> bytes:
    return b'event: reasoning\ndata: {"type":"reasoning","text":' + _json(event.text) + b"}\n\n"


def _tool_failed(event: ToolFailed) -> bytes:
    data = b'{"type":"error","name":' + _json(event.name) + b',"message":' + _json(event.message) + b"}"
    return b"event: tool\ndata: " + data + b"\n\n"


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    MessageBegin: lambda event: b'event: message\ndata: {"type":"begin"}\n\n',
    MessageAppend: _append,
    MessageEnd: _end,
    Reasoning: _reasoning,
    ToolBegin: lambda event: b'event: tool\ndata: {"type":"begin","name":' + _json(event.name) + b"}\n\n",
    ToolEnd: lambda event: b'event: tool\ndata: {"type":"end","name":' + _json(event.name) + b"}\n\n",
    ToolFailed: _tool_failed,
    Failed: lambda event: encode_failure(event.error),
}
