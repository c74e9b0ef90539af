"""Tools over the bindings."""

from __future__ import annotations

import json

from pharia_skill.bindings.imports import tool as wit
from pharia_skill.bindings.types import Err, Result
from pharia_skill.csi.inference import InvokeRequest, Tool, ToolError, ToolOutput, ToolResult


def invoke_request_to_wit(request: InvokeRequest) -> wit.InvokeRequest:
    arguments = [wit.Argument(name, json.dumps(value).encode()) for name, value in request.arguments.items()]
    return wit.InvokeRequest(request.name, arguments)


def tool_result_from_wit(result: Result[list[wit.Modality], str]) -> ToolResult:
    if isinstance(result, Err):
        return ToolError(result.value)
    return ToolOutput([part.value for part in result.value])


def tool_from_wit(tool: wit.Tool) -> Tool:
    return Tool(tool.name, tool.description, json.loads(tool.input_schema))
