"""The inference types that are the same in every line."""

from __future__ import annotations

from typing import Any

from pharia_skill.bindings.imports import inference as wit
from pharia_skill.csi.inference import (
    Completion,
    CompletionAppend,
    CompletionEvent,
    CompletionStreamResponse,
    Distribution,
    FinishReason,
    Logprob,
    Logprobs,
    TokenUsage,
    TopLogprobs,
)


def logprobs_to_wit(logprobs: Logprobs) -> wit.Logprobs:
    if isinstance(logprobs, TopLogprobs):
        return wit.Logprobs_Top(logprobs.top)
    return wit.Logprobs_Sampled() if logprobs == "sampled" else wit.Logprobs_No()


# The lines have classes of their own with equal members, so what comes from the host is not typed by either.


def finish_reason_from_wit(reason: Any) -> FinishReason:
    return FinishReason[reason.name]


def usage_from_wit(usage: Any) -> TokenUsage:
    return TokenUsage(usage.prompt, usage.completion)


def distributions_from_wit(distributions: list[Any]) -> list[Distribution]:
    return [Distribution(_logprob(each.sampled), [_logprob(top) for top in each.top]) for each in distributions]


def completion_from_wit(completion: Any) -> Completion:
    return Completion(
        completion.text,
        finish_reason_from_wit(completion.finish_reason),
        distributions_from_wit(completion.logprobs),
        usage_from_wit(completion.usage),
    )


class WitCompletionStream(CompletionStreamResponse):
    """Owns the host's stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._closed = False

    def __exit__(self, *exc: Any) -> None:
        if not self._closed:
            self._closed = True
            self._stream.__exit__(*exc)

    def next(self) -> CompletionEvent | None:
        event = None if self._closed else self._stream.next()
        match event:
            case None:
                return None
            case wit.CompletionEvent_Append():
                return CompletionAppend(event.value.text, distributions_from_wit(event.value.logprobs))
            case wit.CompletionEvent_End():
                return finish_reason_from_wit(event.value)
            case _:
                return usage_from_wit(event.value)


def _logprob(logprob: Any) -> Logprob:
    return Logprob(logprob.token, logprob.logprob)
