"""Inference over the bindings of WIT 0.4."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from pharia_skill.bindings.imports import inference as wit
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
    JsonSchema,
    Message,
    MessageAppend,
    MessageBegin,
    NamedToolChoice,
    Reasoning,
    ResponseFormat,
    Role,
    TextScore,
    Tool,
    ToolCall,
    ToolCallChunk,
    ToolCallEvent,
    ToolChoice,
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

_TOOL_CHOICES: dict[str, wit.ToolChoice] = {
    "none": wit.ToolChoice_None_(),
    "auto": wit.ToolChoice_Auto(),
    "required": wit.ToolChoice_Required(),
}


def complete(requests: Sequence[CompletionRequest]) -> list[Completion]:
    return [completion_from_wit(answer) for answer in wit.complete([_completion_request(each) for each in requests])]


def completion_stream(request: CompletionRequest) -> CompletionStreamResponse:
    return WitCompletionStream(wit.CompletionStream(_completion_request(request)))


def chat(requests: Sequence[ChatRequest]) -> list[ChatResponse]:
    return [_chat_response(answer) for answer in wit.chat([chat_request_to_wit(request) for request in requests])]


def chat_stream(request: ChatRequest) -> ChatStreamResponse:
    return WitChatStream(wit.ChatStream(chat_request_to_wit(request)), chat_event_from_wit)


def explain(requests: Sequence[ExplanationRequest]) -> list[list[TextScore]]:
    raise UnsupportedByWit("WIT 0.4 has no explanations (build the skill with --wit 0.3)")


def chat_request_to_wit(request: ChatRequest) -> wit.ChatRequest:
    messages = [message_to_wit(message) for message in request.messages]
    return wit.ChatRequest(request.model, messages, chat_params_to_wit(request.params))


def message_to_wit(message: Message) -> wit.Message:
    """Raises ``ValueError`` for a message without content that is not the assistant's."""
    if message.role is Role.Assistant:
        calls = message.tool_calls
        converted = None if calls is None else [wit.ToolCall(c.id, c.name, json.dumps(c.arguments)) for c in calls]
        return wit.Message_Assistant(wit.AssistantMessage(message.content, message.reasoning_content, converted))
    if message.content is None:
        raise ValueError(f"a message of role {message.role.value} must have content")
    if message.role is Role.Tool:
        return wit.Message_Tool(wit.ToolMessage(message.content, message.tool_call_id or ""))
    # Records are read by the names of their members, and this has the same.
    return wit.Message_Other(cast("wit.OtherMessage", message))


def chat_params_to_wit(params: ChatParams) -> wit.ChatParams:
    return wit.ChatParams(
        max_tokens=params.max_tokens,
        max_completion_tokens=params.max_completion_tokens,
        temperature=params.temperature,
        top_p=params.top_p,
        frequency_penalty=params.frequency_penalty,
        presence_penalty=params.presence_penalty,
        logprobs=logprobs_to_wit(params.logprobs),
        tools=None if params.tools is None else [_tool(tool) for tool in params.tools],
        tool_choice=None if params.tool_choice is None else _tool_choice(params.tool_choice),
        parallel_tool_calls=params.parallel_tool_calls,
        response_format=None if params.response_format is None else _response_format(params.response_format),
        reasoning_effort=None if params.reasoning_effort is None else wit.ReasoningEffort[params.reasoning_effort.name],
    )


def chat_event_from_wit(event: wit.ChatEvent) -> ChatEvent:
    match event:
        case wit.ChatEvent_MessageBegin():
            return MessageBegin(event.value)
        case wit.ChatEvent_Reasoning():
            return Reasoning(event.value)
        case wit.ChatEvent_MessageAppend():
            return MessageAppend(event.value.content)
        case wit.ChatEvent_MessageEnd():
            return finish_reason_from_wit(event.value)
        case wit.ChatEvent_Usage():
            return usage_from_wit(event.value)
        case wit.ChatEvent_ToolCall():
            return ToolCallEvent([ToolCallChunk(c.index, c.id, c.name, c.arguments) for c in event.value])


def _completion_request(request: CompletionRequest) -> wit.CompletionRequest:
    params = wit.CompletionParams(**completion_params_to_wit(request.params), echo=request.params.echo)
    return wit.CompletionRequest(request.model, request.prompt, params)


def _chat_response(response: wit.ChatResponse) -> ChatResponse:
    message = response.message
    calls = message.tool_calls
    return ChatResponse(
        Message(
            Role.Assistant,
            message.content,
            message.reasoning_content,
            None if calls is None else [ToolCall.from_text(call.id, call.name, call.arguments) for call in calls],
        ),
        finish_reason_from_wit(response.finish_reason),
        distributions_from_wit(response.logprobs),
        usage_from_wit(response.usage),
    )


def _tool(tool: Tool) -> wit.Function:
    return wit.Function(tool.name, tool.description, _json_or_none(tool.parameters), tool.strict)


def _tool_choice(choice: ToolChoice) -> wit.ToolChoice:
    return wit.ToolChoice_Named(choice.name) if isinstance(choice, NamedToolChoice) else _TOOL_CHOICES[choice]


def _response_format(response_format: ResponseFormat) -> wit.ResponseFormat:
    if isinstance(response_format, JsonSchema):
        schema = _json_or_none(response_format.schema)
        return wit.ResponseFormat_JsonSchema(
            wit.JsonSchema(response_format.description, response_format.name, schema, response_format.strict)
        )
    return wit.ResponseFormat_Text() if response_format == "text" else wit.ResponseFormat_JsonObject()


def _json_or_none(value: dict[str, Any] | None) -> bytes | None:
    return None if value is None else json.dumps(value).encode()
