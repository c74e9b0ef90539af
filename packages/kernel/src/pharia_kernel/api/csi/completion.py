"""Completions and explanations as they go over the wire."""

from __future__ import annotations

from typing import Literal

import msgspec

from pharia_kernel.api.csi.logprobs import Distribution, Logprobs, distributions, wanted
from pharia_kernel.api.csi.numbers import U32
from pharia_kernel.csi import types as csi

FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]
FINISH_REASONS: dict[csi.Finish, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content-filter": "content_filter",
    "tool-calls": "tool_calls",
}


class CompletionParams(msgspec.Struct, frozen=True):
    return_special_tokens: bool = False
    max_tokens: U32 | None = None
    temperature: float | None = None
    top_k: U32 | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: Logprobs = "no"
    echo: bool = False
    seed: U32 | None = None


class CompletionRequest(msgspec.Struct, frozen=True):
    model: str
    prompt: str
    params: CompletionParams

    def neutral(self) -> csi.CompleteRequest:
        params = self.params
        return csi.CompleteRequest(
            model=self.model,
            prompt=self.prompt,
            max_tokens=params.max_tokens,
            temperature=params.temperature,
            top_k=params.top_k,
            top_p=params.top_p,
            stop=params.stop,
            special_tokens=params.return_special_tokens,
            frequency_penalty=params.frequency_penalty,
            presence_penalty=params.presence_penalty,
            logprobs=wanted(params.logprobs),
            echo=params.echo,
            seed=params.seed,
        )


class Completion(msgspec.Struct, frozen=True):
    text: str
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: csi.Usage


class OldCompletion(msgspec.Struct, frozen=True):
    text: str
    finish_reason: FinishReason


def completion(answer: csi.CompleteAnswer) -> Completion:
    return Completion(answer.text, FINISH_REASONS[answer.finish], distributions(answer.tokens), answer.usage)


def old_completion(answer: csi.CompleteAnswer) -> OldCompletion:
    return OldCompletion(answer.text, FINISH_REASONS[answer.finish])


class ExplanationRequest(msgspec.Struct, frozen=True):
    prompt: str
    target: str
    model: str
    granularity: Literal["auto", "word", "sentence", "paragraph"]

    def neutral(self) -> csi.ExplainRequest:
        return csi.ExplainRequest(self.prompt, self.target, self.model, self.granularity)
