"""Inference over the bindings of WIT 0.3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pharia_skill.csi.inference import (
    ChatEvent,
    ChatParams,
    ChatRequest,
    ChatResponse,
    ChatStreamResponse,
    Completion,
    CompletionRequest,
    CompletionStreamResponse,
    ExplanationRequest,
    Message,
    MessageAppend,
    MessageBegin,
    Role,
    TextScore,
)
from pharia_skill.errors import UnsupportedByWit
from pharia_skill.wit_csi.inference import (
    WitCompletionStream,
    completion_from_wit,
    distributions_from_wit,
    finish_reason_from_wit,
    logprobs_to_wit,
    usage_from_wit,
)

if TYPE_CHECKING:
    from pharia_skill.line_0_3.bindings.imports import inference as wit
else:
    from pharia_skill.bindings.imports import inference as wit

_ONLY_LATER_PARAMS = (
    "max_completion_tokens",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
)
_ROLES = {role.value: role for role in Role}


def complete(requests: Sequence[CompletionRequest]) -> list[Completion]:
    converted = [
        wit.CompletionRequestV2(
            request.model,
            request.prompt,
            wit.CompletionParamsV2(**_shared_params(request), echo=request.params.echo),
        )
        for request in requests
    ]
    return [completion_from_wit(answer) for answer in wit.complete_v2(converted)]


def completion_stream(request: CompletionRequest) -> CompletionStreamResponse:
    params = wit.CompletionParams(**_shared_params(request))
    return WitCompletionStream(wit.CompletionStream(wit.CompletionRequest(request.model, request.prompt, params)))


def chat(requests: Sequence[ChatRequest]) -> list[ChatResponse]:
    return [_chat_response(answer) for answer in wit.chat([chat_request_to_wit(request) for request in requests])]


def chat_stream(request: ChatRequest) -> ChatStreamResponse:
    return WitChatStream(wit.ChatStream(chat_request_to_wit(request)))


def explain(requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
    converted = [
        wit.ExplanationRequest(each.prompt, each.target, each.model, wit.Granularity[each.granularity.name])
        for each in requests
    ]
    answers = wit.explain(converted)
    return [[TextScore(score.start, score.length, score.score) for score in scores] for scores in answers]


class WitChatStream(ChatStreamResponse):
    """Owns the host's stream."""

    def __init__(self, stream: wit.ChatStream) -> None:
        self._stream = stream
        self._closed = False
        super().__init__()

    def __exit__(self, *exc: Any) -> None:
        if not self._closed:
            self._closed = True
            self._stream.__exit__(*exc)

    def _next(self) -> ChatEvent | None:
        event = None if self._closed else self._stream.next()
        return None if event is None else chat_event_from_wit(event)


def chat_request_to_wit(request: ChatRequest) -> wit.ChatRequest:
    """Raises :class:`~pharia_skill.errors.UnsupportedByWit` for what came with WIT 0.4."""
    messages = [message_to_wit(message) for message in request.messages]
    return wit.ChatRequest(request.model, messages, chat_params_to_wit(request.params))


def message_to_wit(message: Message) -> wit.Message:
    if message.tool_calls is not None:
        raise _unsupported("tool calls in messages")
    return wit.Message(message.role.value, message.content or "")


def chat_params_to_wit(params: ChatParams) -> wit.ChatParams:
    for name in _ONLY_LATER_PARAMS:
        if getattr(params, name) is not None:
            raise _unsupported(f"ChatParams.{name}")
    return wit.ChatParams(
        max_tokens=params.max_tokens,
        temperature=params.temperature,
        top_p=params.top_p,
        frequency_penalty=params.frequency_penalty,
        presence_penalty=params.presence_penalty,
        logprobs=_logprobs(params.logprobs),
    )


def chat_event_from_wit(event: wit.ChatEvent) -> ChatEvent:
    match event:
        case wit.ChatEvent_MessageBegin():
            return MessageBegin(event.value)
        case wit.ChatEvent_MessageAppend():
            return MessageAppend(event.value.content, distributions_from_wit(event.value.logprobs))
        case wit.ChatEvent_MessageEnd():
            return finish_reason_from_wit(event.value)
        case wit.ChatEvent_Usage():
            return usage_from_wit(event.value)


def _shared_params(request: CompletionRequest) -> dict[str, Any]:
    params = request.params
    return {
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "top_k": params.top_k,
        "top_p": params.top_p,
        "stop": params.stop,
        "return_special_tokens": params.return_special_tokens,
        "frequency_penalty": params.frequency_penalty,
        "presence_penalty": params.presence_penalty,
        "logprobs": _logprobs(params.logprobs),
    }


def _logprobs(logprobs: Any) -> Any:
    return logprobs_to_wit(logprobs)


def _chat_response(response: wit.ChatResponse) -> ChatResponse:
    return ChatResponse(
        Message(_ROLES.get(response.message.role, Role.Assistant), response.message.content),
        finish_reason_from_wit(response.finish_reason),
        distributions_from_wit(response.logprobs),
        usage_from_wit(response.usage),
    )


def _unsupported(what: str) -> UnsupportedByWit:
    return UnsupportedByWit(f"WIT 0.3 does not know {what} (build the skill with --wit 0.4)")
