"""Tools as the kernel's HTTP interface writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, Field, RootModel

from pharia_skill.csi.inference.tool import InvokeRequest, Tool, ToolError, ToolOutput, ToolResult


class _Text(BaseModel):
    type: Literal["text"]
    text: str


class _Tool(BaseModel):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = Field(None, validation_alias=AliasChoices("input_schema", "parameters"))


_Results = RootModel[list[list[_Text] | str]]
_Tools = RootModel[list[_Tool]]


def serialize_tool_requests(namespace: str, requests: Sequence[InvokeRequest]) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "requests": [
            {
                "name": request.name,
                "arguments": [{"name": name, "value": value} for name, value in request.arguments.items()],
            }
            for request in requests
        ],
    }


def deserialize_tool_output(output: Any) -> list[ToolResult]:
    """A text in place of a list is the tool's failure."""
    return [
        ToolError(result) if isinstance(result, str) else ToolOutput([part.text for part in result])
        for result in _Results.model_validate(output).root
    ]


def deserialize_tools(output: Any) -> list[Tool]:
    return [Tool(tool.name, tool.description, tool.parameters) for tool in _Tools.model_validate(output).root]
