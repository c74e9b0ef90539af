"""Inference over the bindings of WIT 0.3."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, cast

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
    WitChatStream,
    WitCompletionStream,
    completion_from_wit,
    completion_params_to_wit,
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
_later_params = attrgetter(*_ONLY_LATER_PARAMS)
_NONE_OF_THEM = (None,) * len(_ONLY_LATER_PARAMS)
_ROLES = {role.value: role for role in Role}


def complete(requests: Sequence[CompletionRequest]) -> list[Completion]:
    converted = [
        wit.CompletionRequestV2(
            request.model,
            request.prompt,
            wit.CompletionParamsV2(**completion_params_to_wit(request.params), echo=request.params.echo),
        )
        for request in requests
    ]
    return [completion_from_wit(answer) for answer in wit.complete_v2(converted)]


def completion_stream(request: CompletionRequest) -> CompletionStreamResponse:
    params = wit.CompletionParams(**completion_params_to_wit(request.params))
    return WitCompletionStream(wit.CompletionStream(wit.CompletionRequest(request.model, request.prompt, params)))


def chat(requests: Sequence[ChatRequest]) -> list[ChatResponse]:
    return [_chat_response(answer) for answer in wit.chat([chat_request_to_wit(request) for request in requests])]


def chat_stream(request: ChatRequest) -> ChatStreamResponse:
    return WitChatStream(wit.ChatStream(chat_request_to_wit(request)), chat_event_from_wit)


def explain(requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
    converted = [
        wit.ExplanationRequest(each.prompt, each.target, each.model, wit.Granularity[each.granularity.name])
        for each in requests
    ]
    answers = wit.explain(converted)
    return [[TextScore(score.start, score.length, score.score) for score in scores] for scores in answers]


def chat_request_to_wit(request: ChatRequest) -> wit.ChatRequest:
    """Raises :class:`~pharia_skill.errors.UnsupportedByWit` for what came with WIT 0.4."""
    messages = [message_to_wit(message) for message in request.messages]
    return wit.ChatRequest(request.model, messages, chat_params_to_wit(request.params))


def message_to_wit(message: Message) -> wit.Message:
    if message.tool_calls is not None:
        raise _unsupported("tool calls in messages")
    if message.content is None:
        return wit.Message(message.role, "")
    # Records are read by the names of their members, and this has the same.
    return cast("wit.Message", message)


def chat_params_to_wit(params: ChatParams) -> wit.ChatParams:
    if (later := _later_params(params)) != _NONE_OF_THEM:
        name = next(name for name, value in zip(_ONLY_LATER_PARAMS, later, strict=True) if value is not None)
        raise _unsupported(f"ChatParams.{name}")
    return wit.ChatParams(
        max_tokens=params.max_tokens,
        temperature=params.temperature,
        top_p=params.top_p,
        frequency_penalty=params.frequency_penalty,
        presence_penalty=params.presence_penalty,
        logprobs=logprobs_to_wit(params.logprobs),
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


def _chat_response(response: wit.ChatResponse) -> ChatResponse:
    return ChatResponse(
        Message(_ROLES.get(response.message.role, Role.Assistant), response.message.content),
        finish_reason_from_wit(response.finish_reason),
        distributions_from_wit(response.logprobs),
        usage_from_wit(response.usage),
    )


def _unsupported(what: str) -> UnsupportedByWit:
    return UnsupportedByWit(f"WIT 0.3 does not know {what} (build the skill with --wit 0.4)")
