"""Tool calls of a model that was never taught any: a schema for its answer forces their form.

Only where the request insists on a call; a model this small does not decide by itself that it needs a tool.
"""

from __future__ import annotations

import secrets

import msgspec

from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    ChatRequest,
    End,
    FunctionSpec,
    JsonSchema,
    NamedTool,
    Part,
    ToolCall,
    ToolCallChunk,
    ToolCallPart,
    Turn,
    Used,
)
from pharia_kernel.errors import BackendAnswerInvalid, InvalidCsiRequest
from pharia_kernel.types import JsonValue


class _Call(msgspec.Struct):
    name: str
    arguments: msgspec.Raw


def insists_on_tool(request: ChatRequest) -> bool:
    return request.tool_choice == "required" or isinstance(request.tool_choice, NamedTool)


def schema_request(request: ChatRequest) -> ChatRequest:
    """The same chat, to be answered with one call as JSON."""
    tools = request.tools or ()
    if isinstance(request.tool_choice, NamedTool):
        wanted = request.tool_choice.name
        tools = tuple(tool for tool in tools if tool.name == wanted)
    if not tools:
        raise InvalidCsiRequest("the request insists on a tool call, but the tool is not among its tools")
    schema = {"oneOf": [_schema(tool) for tool in tools]}
    return msgspec.structs.replace(
        request,
        turns=(_instruction(tools), *request.turns),
        tools=None,
        tool_choice=None,
        parallel_tools=None,
        format=JsonSchema("call", schema=schema),
    )


def tool_answer(answer: ChatAnswer) -> ChatAnswer:
    """The answer to :func:`schema_request` as a tool call."""
    try:
        call = msgspec.json.decode(answer.content or "", type=_Call)
    except msgspec.DecodeError:
        raise BackendAnswerInvalid(
            f"the embedded model did not finish its tool call (finish reason {answer.finish!r}; allow more tokens)"
        ) from None
    made = ToolCall(f"call_{secrets.token_hex(12)}", call.name, bytes(call.arguments).decode())
    return msgspec.structs.replace(answer, content=None, tool_calls=(made,), finish="tool-calls")


def tool_parts(answer: ChatAnswer) -> list[Part]:
    """The stream of such an answer."""
    calls = tuple(
        ToolCallChunk(at, call.id, call.name, call.arguments) for at, call in enumerate(answer.tool_calls or ())
    )
    return [Begin("assistant"), ToolCallPart(calls), End(answer.finish), Used(answer.usage, answer.model)]


def _schema(tool: FunctionSpec) -> JsonValue:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": tool.parameters or {"type": "object"}},
        "required": ["name", "arguments"],
    }


def _instruction(tools: tuple[FunctionSpec, ...]) -> Turn:
    listed = "\n".join(f"- {tool.name}: {tool.description or ''}" for tool in tools)
    return Turn("system", f"Answer with a call of one of these functions, with arguments from the question.\n{listed}")
