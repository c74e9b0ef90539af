"""Requests, answers and events as JSON. What a request leaves at its default is left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from pharia_skill.csi import (
    ChatRequest,
    ChatResponse,
    Chunk,
    Completion,
    CompletionParams,
    CompletionRequest,
    Document,
    InvokeRequest,
    JsonSerializable,
    Language,
    Logprob,
    Message,
    SearchResult,
    TextScore,
    Tool,
    ToolError,
    ToolOutput,
    ToolResult,
)
from pharia_skill.csi.inference import (
    ChatEvent,
    CompletionAppend,
    CompletionEvent,
    Distribution,
    FinishReason,
    MessageAppend,
    MessageBegin,
    Reasoning,
    TokenUsage,
    ToolCall,
    ToolCallEvent,
)
from pharia_skill.testing.cassette.secrets import hidden_arguments
from pharia_skill.testing.dev.chunking import ChunkRequestSerializer
from pharia_skill.testing.dev.document_index import DocumentSerializer, SearchRequestSerializer
from pharia_skill.testing.dev.inference import (
    CompletionRequestListSerializer,
    ExplanationRequestListSerializer,
    chat_body,
    chat_response,
)
from pharia_skill.testing.dev.language import SelectLanguageRequestSerializer


@dataclass(frozen=True)
class Form:
    """How one function is written: its request, its answer, and the answer read back."""

    request: Callable[[Any], Any]
    answer: Callable[[Any], Any]
    read: Callable[[Any], Any]


def completion_request(request: CompletionRequest) -> dict[str, Any]:
    (body,) = CompletionRequestListSerializer([request]).model_dump(mode="json")
    body["params"] = {name: value for name, value in body["params"].items() if value != _DEFAULTS[name]}
    return {name: value for name, value in body.items() if value != {}}


def chat_request(request: ChatRequest) -> dict[str, Any]:
    body = chat_body(request)
    params = body.pop("params")
    if params.get("logprobs") == "no":
        del params["logprobs"]
    set_params = {name: value for name, value in params.items() if value is not None}
    return body | ({"params": set_params} if set_params else {})


def chat_event(event: ChatEvent) -> dict[str, Any]:
    match event:
        case MessageBegin():
            return {"event": "message_begin", "data": {"role": event.role}}
        case MessageAppend():
            return {"event": "message_append", "data": {"content": event.content} | _logprobs(event.logprobs)}
        case Reasoning():
            return {"event": "reasoning", "data": {"content": event.content}}
        case ToolCallEvent():
            return {"event": "tool_call", "data": _plain(event)}
        case FinishReason():
            return {"event": "message_end", "data": {"finish_reason": event.value}}
        case TokenUsage():
            return {"event": "usage", "data": {"usage": _plain(event)}}


def completion_event(event: CompletionEvent) -> dict[str, Any]:
    match event:
        case CompletionAppend():
            return {"event": "append", "data": {"text": event.text, "logprobs": []} | _logprobs(event.logprobs)}
        case FinishReason():
            return {"event": "end", "data": {"finish_reason": event.value}}
        case TokenUsage():
            return {"event": "usage", "data": {"usage": _plain(event)}}


def _completion(completion: Completion) -> dict[str, Any]:
    return {
        "text": completion.text,
        "finish_reason": completion.finish_reason.value,
        "logprobs": [_distribution(distribution) for distribution in completion.logprobs],
        "usage": _plain(completion.usage),
    }


def _chat(response: ChatResponse) -> dict[str, Any]:
    return {
        "message": _message(response.message),
        "finish_reason": response.finish_reason.value,
        "logprobs": [_distribution(distribution) for distribution in response.logprobs],
        "usage": _plain(response.usage),
    }


def _message(message: Message) -> dict[str, Any]:
    optional = {
        "reasoning_content": message.reasoning_content,
        "tool_calls": [_tool_call(call) for call in message.tool_calls] if message.tool_calls is not None else None,
        "tool_call_id": message.tool_call_id,
    }
    set_members = {name: value for name, value in optional.items() if value is not None}
    return {"role": message.role.value, "content": message.content} | set_members


def _tool_call(call: ToolCall) -> dict[str, str]:
    """A call whose arguments could not be read has the text the model wrote."""
    text = getattr(call, "text", None)
    return {"id": call.id, "name": call.name, "arguments": text if text is not None else call._render(call.arguments)}


def _tool_result(result: ToolResult) -> dict[str, Any]:
    return {"error": result.message} if isinstance(result, ToolError) else {"contents": result.contents}


def _read_tool_result(body: dict[str, Any]) -> ToolResult:
    return ToolError(body["error"]) if "error" in body else ToolOutput(body["contents"])


def _invocation(request: InvokeRequest) -> dict[str, Any]:
    return {"name": request.name, "arguments": hidden_arguments(request.arguments)}


def _logprobs(distributions: list[Distribution]) -> dict[str, Any]:
    return {"logprobs": [_distribution(distribution) for distribution in distributions]} if distributions else {}


def _distribution(distribution: Distribution) -> dict[str, Any]:
    return {"sampled": _logprob(distribution.sampled), "top": [_logprob(logprob) for logprob in distribution.top]}


def _logprob(logprob: Logprob) -> dict[str, Any]:
    value = None if math.isnan(logprob.logprob) else logprob.logprob
    return {"token": list(logprob.token), "logprob": value}


def _plain(value: Any) -> Any:
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def _typed(kind: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return (lambda value: adapter.dump_python(value, mode="json")), adapter.validate_python


def _single(serializer: Callable[[list[Any]], Any]) -> Callable[[Any], Any]:
    return lambda request: serializer([request]).model_dump(mode="json")[0]


_DEFAULTS = TypeAdapter(CompletionParams).dump_python(CompletionParams(), mode="json")

FORMS = {
    "chat": Form(chat_request, _chat, chat_response),
    "chunk_with_offsets": Form(_single(ChunkRequestSerializer), *_typed(list[Chunk])),
    "complete": Form(completion_request, _completion, Completion.from_dict),
    "document_metadata": Form(_single(DocumentSerializer), *_typed(JsonSerializable)),
    "documents": Form(_single(DocumentSerializer), *_typed(Document)),
    "explain": Form(_single(ExplanationRequestListSerializer), *_typed(list[TextScore])),
    "invoke_tool": Form(_invocation, _tool_result, _read_tool_result),
    "search": Form(_single(SearchRequestSerializer), *_typed(list[SearchResult])),
    "select_language": Form(_single(SelectLanguageRequestSerializer), *_typed(Language | None)),
}
TOOLS = _typed(list[Tool])
