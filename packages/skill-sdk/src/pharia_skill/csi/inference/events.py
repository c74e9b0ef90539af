"""What a chat stream is made of, in the usual order: begin, parts, finish reason, usage."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from pydantic.dataclasses import dataclass

from pharia_skill.csi.inference.logprobs import Distribution
from pharia_skill.csi.inference.message import ToolCall


class FinishReason(str, Enum):
    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_CALLS = "tool_calls"


@dataclass
class TokenUsage:
    """Token counts of the prompt and of the answer."""

    prompt: int
    completion: int


@dataclass
class MessageBegin:
    role: str


@dataclass
class MessageAppend:
    content: str
    logprobs: list[Distribution] = field(default_factory=list)
    """Only skills built for WIT 0.3 get them in a chat stream."""


@dataclass
class Reasoning:
    content: str


@dataclass
class ToolCallChunk:
    """A piece of a tool call; pieces with the same ``index`` belong together."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str | None = None


@dataclass
class ToolCallEvent:
    tool_calls: list[ToolCallChunk]


ChatEvent = MessageBegin | Reasoning | MessageAppend | ToolCallEvent | FinishReason | TokenUsage


@dataclass
class _Call:
    id: str
    name: str
    arguments: str


def _merge_tool_call_chunks(events: list[ToolCallEvent]) -> list[ToolCall]:
    """Join pieces to calls, in order of first appearance.

    Raises ``ValueError`` for a first piece without id or name, and for arguments that are not a JSON object.
    """
    calls: dict[int, _Call] = {}
    for chunk in (chunk for event in events for chunk in event.tool_calls):
        call = calls.get(chunk.index)
        if chunk.id is not None and chunk.name is not None:
            calls[chunk.index] = _Call(chunk.id, chunk.name, chunk.arguments or "")
        elif call is None:
            raise ValueError(f"expected first chunk to have an id and a name, found {chunk}")
        else:
            call.name += chunk.name or ""
            call.arguments += chunk.arguments or ""
    return [ToolCall(call.id, call.name, call.arguments) for call in calls.values()]  # type: ignore[arg-type]  # parsed by the validator
