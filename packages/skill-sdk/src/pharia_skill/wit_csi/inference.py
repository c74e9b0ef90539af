"""The inference types that are the same in every line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pharia_skill.bindings.imports import inference as wit
from pharia_skill.csi.inference import (
    ChatEvent,
    ChatStreamResponse,
    Completion,
    CompletionAppend,
    CompletionEvent,
    CompletionParams,
    CompletionStreamResponse,
    Distribution,
    FinishReason,
    Logprob,
    Logprobs,
    TokenUsage,
    TopLogprobs,
)

# The lines have classes of their own with equal members: what goes to the host and comes from it is typed by neither.


_NO, _SAMPLED = wit.Logprobs_No(), wit.Logprobs_Sampled()
_FINISH_REASONS = {reason.value: FinishReason[reason.name] for reason in wit.FinishReason}


def logprobs_to_wit(logprobs: Logprobs) -> Any:
    if logprobs == "no":
        return _NO
    return wit.Logprobs_Top(logprobs.top) if isinstance(logprobs, TopLogprobs) else _SAMPLED


def completion_params_to_wit(params: CompletionParams) -> dict[str, Any]:
    """All but ``echo``, by name."""
    return {
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "top_k": params.top_k,
        "top_p": params.top_p,
        "stop": params.stop,
        "return_special_tokens": params.return_special_tokens,
        "frequency_penalty": params.frequency_penalty,
        "presence_penalty": params.presence_penalty,
        "logprobs": logprobs_to_wit(params.logprobs),
    }


def finish_reason_from_wit(reason: Any) -> FinishReason:
    return _FINISH_REASONS[reason._value_]  # `value` runs a descriptor written in Python


def usage_from_wit(usage: Any) -> TokenUsage:
    return TokenUsage(usage.prompt, usage.completion)


def distributions_from_wit(distributions: list[Any]) -> list[Distribution]:
    if not distributions:
        return []
    return [Distribution(_logprob(each.sampled), [_logprob(top) for top in each.top]) for each in distributions]


def completion_from_wit(completion: Any) -> Completion:
    return Completion(
        completion.text,
        finish_reason_from_wit(completion.finish_reason),
        distributions_from_wit(completion.logprobs),
        usage_from_wit(completion.usage),
    )


class HostStream:
    """A stream of the host, which is owned."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._closed = False

    def next(self) -> Any:
        """``None`` at the end, and when it was closed."""
        return None if self._closed else self._stream.next()

    def close(self, *exc: Any) -> None:
        if not self._closed:
            self._closed = True
            self._stream.__exit__(*exc)


class WitCompletionStream(CompletionStreamResponse):
    def __init__(self, stream: Any) -> None:
        self._host = HostStream(stream)

    def __exit__(self, *exc: Any) -> None:
        self._host.close(*exc)

    def next(self) -> CompletionEvent | None:
        event = self._host.next()
        match event:
            case None:
                return None
            case wit.CompletionEvent_Append():
                return CompletionAppend(event.value.text, distributions_from_wit(event.value.logprobs))
            case wit.CompletionEvent_End():
                return finish_reason_from_wit(event.value)
            case _:
                return usage_from_wit(event.value)


class WitChatStream(ChatStreamResponse):
    """``read`` is what the line makes of an event."""

    def __init__(self, stream: Any, read: Callable[[Any], ChatEvent]) -> None:
        self._host = HostStream(stream)
        self._read = read
        super().__init__()

    def __exit__(self, *exc: Any) -> None:
        self._host.close(*exc)

    def _next(self) -> ChatEvent | None:
        event = self._host.next()
        return None if event is None else self._read(event)


def _logprob(logprob: Any) -> Logprob:
    return Logprob(logprob.token, logprob.logprob)
