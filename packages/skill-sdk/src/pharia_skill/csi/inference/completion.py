"""Completion: text goes in, the model writes on."""

from __future__ import annotations

from dataclasses import field

from pydantic.dataclasses import dataclass

from pharia_skill.csi.inference.attributes import Attributes, params_attributes
from pharia_skill.csi.inference.events import FinishReason, TokenUsage
from pharia_skill.csi.inference.logprobs import Distribution, Logprobs
from pharia_skill.csi.numbers import U32
from pharia_skill.csi.quick import quick
from pharia_skill.csi.reading import FromDict


@quick
@dataclass
class CompletionParams:
    """``None`` leaves the choice to the model's backend."""

    max_tokens: U32 | None = None
    temperature: float | None = None
    top_k: U32 | None = None
    top_p: float | None = None
    stop: list[str] = field(default_factory=list)
    """The answer ends before the first of these texts."""
    return_special_tokens: bool = True
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: Logprobs = "no"
    echo: bool = False
    """Repeat the prompt at the start of the answer. Streams of skills built for WIT 0.3 do not know it."""

    def as_gen_ai_otel_attributes(self) -> Attributes:
        stop: Attributes = {"gen_ai.request.stop_sequences": self.stop} if self.stop else {}
        return params_attributes(self) | stop


@quick
@dataclass
class CompletionRequest:
    model: str
    prompt: str
    params: CompletionParams = field(default_factory=CompletionParams)

    def as_gen_ai_otel_attributes(self) -> Attributes:
        request: Attributes = {
            "gen_ai.operation.name": "text_completion",
            "gen_ai.request.model": self.model,
            "gen_ai.content.prompt": self.prompt,
        }
        return request | self.params.as_gen_ai_otel_attributes()


@quick
@dataclass
class Completion(FromDict):
    text: str
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: TokenUsage

    def as_gen_ai_otel_attributes(self) -> Attributes:
        content: Attributes = {"gen_ai.content.completion": self.text}
        return content | self.finish_reason.as_gen_ai_otel_attributes() | self.usage.as_gen_ai_otel_attributes()


@dataclass
class CompletionAppend(FromDict):
    text: str
    logprobs: list[Distribution]


CompletionEvent = CompletionAppend | FinishReason | TokenUsage
