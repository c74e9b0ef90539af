"""From requests of the neutral model to request bodies. What was not given is not sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pharia_kernel.csi.http.body import Body, encoded, given
from pharia_kernel.csi.types import (
    ChatRequest,
    CompleteRequest,
    FunctionSpec,
    JsonSchema,
    LogprobMode,
    NamedTool,
    ResponseFormat,
    ToolChoice,
    TopLogprobs,
    Turn,
)
from pharia_kernel.errors import InvalidCsiRequest

_ROLES = ("system", "developer", "user", "assistant")
_STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def chat_body(request: ChatRequest, *, stream: bool) -> bytes:
    """Raises :class:`InvalidCsiRequest` for a role that no endpoint knows, and for values that are not JSON."""
    body: Body = {"model": request.model, "messages": [_message(turn) for turn in request.turns]}
    given(
        body,
        max_tokens=request.max_tokens,
        max_completion_tokens=request.max_completion_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        stop=list(request.stop) or None,
        seed=request.seed,
        parallel_tool_calls=request.parallel_tools,
        reasoning_effort=request.effort,
    )
    if request.logprobs != "no":
        body |= {"logprobs": True, "top_logprobs": asked_alternatives(request.logprobs)}
    if request.tools is not None:
        body["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.format is not None:
        body["response_format"] = _format(request.format)
    return encoded(body | _STREAM if stream else body)


def completion_body(request: CompleteRequest, special_tokens: Mapping[str, Any], *, stream: bool) -> bytes:
    """``special_tokens`` is how the endpoint is asked to keep control tokens in the text; only sent if wanted."""
    body: Body = {"model": request.model, "prompt": request.prompt}
    given(
        body,
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        top_k=request.top_k,
        top_p=request.top_p,
        stop=list(request.stop) or None,
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        seed=request.seed,
        echo=request.echo or None,
    )
    if request.logprobs != "no":
        body["logprobs"] = asked_alternatives(request.logprobs)
    if request.special_tokens:
        body |= special_tokens
    return encoded(body | _STREAM if stream else body)


def asked_alternatives(mode: LogprobMode) -> int:
    """Never zero: some servers read zero as no log probabilities at all. Answers are cut to what was wanted."""
    return max(1, mode.top) if isinstance(mode, TopLogprobs) else 1


def _message(turn: Turn) -> Body:
    role = turn.role.lower()
    if role == "tool" and turn.tool_call_id is not None:
        return {"role": role, "content": turn.content or "", "tool_call_id": turn.tool_call_id}
    if role not in _ROLES:
        raise InvalidCsiRequest(f"the role {turn.role!r} is not supported in a chat; roles are {', '.join(_ROLES)}")
    message: Body = {"role": role}
    if turn.content is not None:
        message["content"] = turn.content
    if turn.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.tool_calls
        ]
    return message


def _function(tool: FunctionSpec) -> Body:
    function: Body = {"name": tool.name}
    given(function, description=tool.description, parameters=tool.parameters, strict=tool.strict)
    return function


def _tool_choice(choice: ToolChoice) -> str | Body:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _format(wanted: ResponseFormat) -> Body:
    if not isinstance(wanted, JsonSchema):
        return {"type": wanted.replace("-", "_")}
    schema: Body = {"name": wanted.name}
    given(schema, description=wanted.description, schema=wanted.schema, strict=wanted.strict)
    return {"type": "json_schema", "json_schema": schema}
