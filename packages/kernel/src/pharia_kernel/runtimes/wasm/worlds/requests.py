"""From what a guest passes to requests of the neutral model. Missing members of old lines take the model's defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pharia_kernel.csi.types import (
    ChatRequest,
    ChunkRequest,
    CompleteRequest,
    Condition,
    DocPath,
    ExplainRequest,
    Filter,
    FunctionSpec,
    IndexPath,
    JsonSchema,
    LanguageRequest,
    LogprobMode,
    NamedTool,
    SearchRequest,
    ToolCall,
    ToolRequest,
    TopLogprobs,
    Turn,
)
from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.runtimes.wasm.worlds.json_bytes import json_of

Record = Mapping[str, Any]
OLD_MAX_TOKENS = 128
"""Of completions in the lines before 0.2, where the guest can not or did not say."""
_ROLES = ("system", "developer", "user", "assistant")


def _logprobs(mode: tuple[str, int | None]) -> LogprobMode:
    case, top = mode
    if case == "top":
        return TopLogprobs(top or 0)
    return "sampled" if case == "sampled" else "no"


def complete(model: str, prompt: str, params: Record, *, special_tokens: bool | None = None) -> CompleteRequest:
    known = dict(params)
    known["stop"] = tuple(known.get("stop", ()))
    special = known.pop("return_special_tokens", False)
    if "logprobs" in known:
        known["logprobs"] = _logprobs(known["logprobs"])
    return CompleteRequest(model, prompt, special_tokens=special if special_tokens is None else special_tokens, **known)


def complete_text(prompt: str, model: str) -> CompleteRequest:
    return CompleteRequest(model, prompt, max_tokens=OLD_MAX_TOKENS)


def complete_old(model: str, prompt: str, params: Record | None) -> CompleteRequest:
    request = complete(model, prompt, params or {})
    if request.max_tokens is not None:
        return request
    return msgspec.structs.replace(request, max_tokens=OLD_MAX_TOKENS)


def _turn(message: Record | tuple[str, Record]) -> Turn:
    """A record with a role (0.2, 0.3), or a variant (0.4 and later). Reasoning of earlier answers is not sent."""
    case, fields = message if isinstance(message, tuple) else ("other", message)
    if case == "assistant":
        calls = fields["tool_calls"]
        return Turn("assistant", fields["content"], calls and tuple(ToolCall(**call) for call in calls))
    if case == "tool":
        return Turn("tool", fields["content"], tool_call_id=fields["tool_call_id"])
    role = fields["role"].lower()
    if role not in _ROLES:
        raise InvalidCsiRequest(f"the role {fields['role']!r} is not known; roles are {', '.join(_ROLES)}")
    return Turn(role, fields["content"])


def _function(fields: Record) -> FunctionSpec:
    return FunctionSpec(**{**fields, "parameters": json_of(fields["parameters"], "parameters of a tool")})


def _tool_choice(choice: tuple[str, str | None]) -> Any:
    case, name = choice
    return NamedTool(name or "") if case == "named" else case


def _format(wanted: tuple[str, Record | None]) -> Any:
    case, schema = wanted
    if schema is None:
        return case
    return JsonSchema(**{**schema, "schema": json_of(schema["schema"], "a response schema")})


# Members of chat-params whose name or form differs from the neutral model.
_CHAT_MEMBERS: dict[str, tuple[str, Any]] = {
    "logprobs": ("logprobs", _logprobs),
    "tools": ("tools", lambda tools: tuple(_function(tool) for tool in tools)),
    "tool_choice": ("tool_choice", _tool_choice),
    "parallel_tool_calls": ("parallel_tools", bool),
    "response_format": ("format", _format),
    "reasoning_effort": ("effort", str),
}


def chat(model: str, messages: Sequence[Any], params: Record, *, split_reasoning: bool = False) -> ChatRequest:
    members: dict[str, Any] = {}
    for name, value in params.items():
        target, convert = _CHAT_MEMBERS.get(name, (name, None))
        members[target] = convert(value) if convert and value is not None else value
    return ChatRequest(model, tuple(_turn(message) for message in messages), split_reasoning=split_reasoning, **members)


def explain(fields: Record) -> ExplainRequest:
    return ExplainRequest(**fields)


def chunk(text: str, params: Record, character_offsets: bool = False) -> ChunkRequest:
    return ChunkRequest(text, char_offsets=character_offsets, **params)


def language(text: str, languages: Sequence[str]) -> LanguageRequest:
    return LanguageRequest(text, tuple(languages))


def _condition(fields: Record) -> Condition:
    operator, value = fields["condition"]
    return Condition(fields["field"], operator, value[1] if isinstance(value, tuple) else value)


def _filter(wanted: tuple[str, Sequence[Record]]) -> Filter:
    mode, conditions = wanted
    return Filter(mode, tuple(_condition(condition) for condition in conditions))  # type: ignore[arg-type]  # cases checked by wasmtime


def search(
    index_path: Record, query: str, max_results: int, min_score: float | None, filters: Sequence[Any] = ()
) -> SearchRequest:
    return SearchRequest(
        IndexPath(**index_path), query, max_results, min_score, tuple(_filter(wanted) for wanted in filters)
    )


def document_path(fields: Record) -> DocPath:
    return DocPath(**fields)


def tool(tool_name: str, arguments: Sequence[Record]) -> ToolRequest:
    return ToolRequest(tool_name, tuple((argument["name"], argument["value"]) for argument in arguments))
