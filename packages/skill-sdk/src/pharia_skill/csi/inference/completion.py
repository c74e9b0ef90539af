"""Completion: text goes in, the model writes on."""

from __future__ import annotations

from dataclasses import field

from pydantic.dataclasses import dataclass

from pharia_skill.csi.inference.events import FinishReason, TokenUsage
from pharia_skill.csi.inference.logprobs import Distribution, Logprobs
from pharia_skill.csi.numbers import U32


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


@dataclass
class CompletionRequest:
    model: str
    prompt: str
    params: CompletionParams = field(default_factory=CompletionParams)


@dataclass
class Completion:
    text: str
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: TokenUsage


@dataclass
class CompletionAppend:
    text: str
    logprobs: list[Distribution]


CompletionEvent = CompletionAppend | FinishReason | TokenUsage
