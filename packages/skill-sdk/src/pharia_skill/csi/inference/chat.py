"""Chat: a conversation goes in, the assistant's next message comes out."""

from __future__ import annotations

import json
from dataclasses import field
from enum import Enum
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from pharia_skill.csi.inference.attributes import Attributes, params_attributes
from pharia_skill.csi.inference.events import FinishReason, TokenUsage
from pharia_skill.csi.inference.logprobs import Distribution, Logprobs
from pharia_skill.csi.inference.message import Message
from pharia_skill.csi.inference.tool_types import Tool
from pharia_skill.csi.numbers import U32
from pharia_skill.csi.quick import quick
from pharia_skill.csi.reading import FromDict


@dataclass
class NamedToolChoice:
    name: str


ToolChoice = Literal["none", "auto", "required"] | NamedToolChoice


@dataclass
class JsonSchema:
    """The answer must be JSON of this shape."""

    name: str
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


ResponseFormat = Literal["text", "json_object"] | JsonSchema


class ReasoningEffort(str, Enum):
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@quick
@dataclass
class ChatParams:
    """``None`` leaves the choice to the model's backend.

    ``max_completion_tokens`` counts reasoning as well; backends take one of the two limits. It needs a skill built for
    WIT 0.4, as does everything after ``logprobs``.
    """

    max_tokens: U32 | None = None
    max_completion_tokens: U32 | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: Logprobs = "no"
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: ReasoningEffort | None = None

    def as_gen_ai_otel_attributes(self) -> Attributes:
        return params_attributes(self)


@quick
@dataclass
class ChatRequest:
    model: str
    messages: list[Message]
    params: ChatParams = field(default_factory=ChatParams)

    def as_gen_ai_otel_attributes(self) -> Attributes:
        request: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": self.model,
            "gen_ai.input.messages": json.dumps([message.as_gen_ai_otel_attributes() for message in self.messages]),
        }
        return request | self.params.as_gen_ai_otel_attributes()


@quick
@dataclass
class ChatResponse(FromDict):
    message: Message
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: TokenUsage

    def as_gen_ai_otel_attributes(self) -> Attributes:
        output: Attributes = {"gen_ai.output.messages": json.dumps([self.message.as_gen_ai_otel_attributes()])}
        return output | self.finish_reason.as_gen_ai_otel_attributes() | self.usage.as_gen_ai_otel_attributes()
