"""Completions and chats as the kernel's HTTP interface writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, RootModel, TypeAdapter

from pharia_skill.csi.inference import (
    ChatEvent,
    ChatParams,
    ChatRequest,
    ChatResponse,
    Completion,
    CompletionAppend,
    CompletionEvent,
    CompletionRequest,
    ExplanationRequest,
    FinishReason,
    JsonSchema,
    Message,
    MessageAppend,
    MessageBegin,
    NamedToolChoice,
    Reasoning,
    TextScore,
    TokenUsage,
    ToolCall,
    ToolCallEvent,
)

if TYPE_CHECKING:
    from pharia_skill.testing.dev.sse import Event

CompletionRequestListSerializer = RootModel[Sequence[CompletionRequest]]
CompletionListDeserializer = RootModel[list[Completion]]
ChatRequestListSerializer = RootModel[Sequence[ChatRequest]]
ChatListDeserializer = RootModel[list[ChatResponse]]
ExplanationRequestListSerializer = RootModel[Sequence[ExplanationRequest]]
ExplanationListDeserializer = RootModel[list[list[TextScore]]]


class ChatRequestSerializer(BaseModel):
    model: str
    messages: list[Message]
    params: ChatParams


class _ToolCall(BaseModel):
    id: str
    name: str
    arguments: str


class _Begin(BaseModel):
    role: str


class _End(BaseModel):
    finish_reason: FinishReason


class _Usage(BaseModel):
    usage: TokenUsage


_COMPLETION_APPEND = TypeAdapter(CompletionAppend)
_MESSAGE_APPEND = TypeAdapter(MessageAppend)
_REASONING = TypeAdapter(Reasoning)
_TOOL_CALL = TypeAdapter(ToolCallEvent)
_BODIES = TypeAdapter(list[dict[str, Any]])
_TOOL_CALLS = TypeAdapter(list[_ToolCall])

_FIRST_MESSAGE_KEYS = ("role", "content")
_FIRST_PARAMS = ("max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty", "logprobs")


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """What every kernel understands, and the newer members only where they say something.

    Kernels name a chosen tool ``{"named": …}`` and wrap a schema in ``{"json_schema": …}``.
    """
    body = ChatRequestSerializer(model=request.model, messages=request.messages, params=request.params).model_dump(
        mode="json"
    )
    params = body["params"]
    if isinstance(request.params.tool_choice, NamedToolChoice):
        params["tool_choice"] = {"named": request.params.tool_choice.name}
    if isinstance(request.params.response_format, JsonSchema):
        params["response_format"] = {"json_schema": params["response_format"]}
    return {
        "model": body["model"],
        "messages": [_without_unset(message, _FIRST_MESSAGE_KEYS) for message in body["messages"]],
        "params": _without_unset(params, _FIRST_PARAMS),
    }


def chat_responses(answer: Any) -> list[ChatResponse]:
    """Raises ``pydantic.ValidationError``."""
    return [chat_response(body) for body in _BODIES.validate_python(answer)]


def chat_response(body: dict[str, Any]) -> ChatResponse:
    """A model may write arguments that are no JSON: such a call is part of the answer, not a broken answer.

    Raises ``pydantic.ValidationError``.
    """
    message = body["message"] if isinstance(body.get("message"), dict) else {}
    calls = _TOOL_CALLS.validate_python(message.get("tool_calls") or [])
    response = ChatResponse.from_dict({**body, "message": {**message, "tool_calls": None}})
    response.message.tool_calls = [ToolCall.from_text(call.id, call.name, call.arguments) for call in calls] or None
    return response


def _without_unset(members: dict[str, Any], always: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None or name in always}


def completion_event_from_sse(event: Event) -> CompletionEvent:
    """Raises ``ValueError`` for events that do not belong into a completion."""
    match event.event:
        case "append":
            return _COMPLETION_APPEND.validate_python(event.data)
        case "end":
            return _End.model_validate(event.data).finish_reason
        case "usage":
            return _Usage.model_validate(event.data).usage
    raise ValueError(f"Unexpected event type: {event.event}")


def chat_event_from_sse(event: Event) -> ChatEvent:
    """Raises ``ValueError`` for events that do not belong into a chat."""
    match event.event:
        case "message_begin":
            return MessageBegin(_Begin.model_validate(event.data).role)
        case "message_append":
            return _MESSAGE_APPEND.validate_python(event.data)
        case "reasoning":
            return _REASONING.validate_python(event.data)
        case "tool_call":
            return _TOOL_CALL.validate_python(event.data)
        case "message_end":
            return _End.model_validate(event.data).finish_reason
        case "usage":
            return _Usage.model_validate(event.data).usage
    raise ValueError(f"Unexpected event: {event}")
