"""What a chat stream is made of, in the usual order: begin, parts, finish reason, usage."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from pydantic.dataclasses import dataclass

from pharia_skill.csi.inference.attributes import Attributes
from pharia_skill.csi.inference.logprobs import Distribution
from pharia_skill.csi.inference.message import ToolCall
from pharia_skill.csi.quick import quick
from pharia_skill.csi.reading import FromDict


class FinishReason(str, Enum):
    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_CALLS = "tool_calls"

    def as_gen_ai_otel_attributes(self) -> Attributes:
        return {"gen_ai.response.finish_reasons": [self.value]}


@quick
@dataclass
class TokenUsage:
    """Token counts of the prompt and of the answer."""

    prompt: int
    completion: int

    def as_gen_ai_otel_attributes(self) -> Attributes:
        return {"gen_ai.usage.input_tokens": self.prompt, "gen_ai.usage.output_tokens": self.completion}


@quick
@dataclass
class MessageBegin:
    role: str


@quick
@dataclass
class MessageAppend(FromDict):
    content: str
    logprobs: list[Distribution] = field(default_factory=list)
    """Only skills built for WIT 0.3 get them in a chat stream."""


@quick
@dataclass
class Reasoning:
    content: str


@quick
@dataclass
class ToolCallChunk:
    """A piece of a tool call; pieces with the same ``index`` belong together."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str | None = None


@quick
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

    Raises ``ValueError`` for a first piece without id or name; calls with arguments that are not a JSON object are
    :class:`~pharia_skill.csi.inference.message.UnreadableToolCall`.
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
    return [ToolCall.from_text(call.id, call.name, call.arguments) for call in calls.values()]
