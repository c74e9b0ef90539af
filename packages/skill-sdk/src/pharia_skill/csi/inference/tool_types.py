"""Tools: what a skill may call, the call, and what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from pharia_skill.csi.inference.message import Message


@dataclass
class Tool:
    """A function the model may ask for. ``parameters`` is a JSON Schema, named ``input_schema`` up to SDK 0.20."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _accept_old_name(cls, data: Any) -> Any:
        given = data.kwargs if isinstance(data, ArgsKwargs) else data
        if not isinstance(given, dict) or "input_schema" not in given:
            return data
        renamed = {("parameters" if key == "input_schema" else key): value for key, value in given.items()}
        return ArgsKwargs(data.args, renamed) if isinstance(data, ArgsKwargs) else renamed

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            description: str | None = None,
            parameters: dict[str, Any] | None = None,
            strict: bool | None = None,
            *,
            input_schema: dict[str, Any] = ...,
        ) -> None: ...

    @property
    def input_schema(self) -> dict[str, Any]:
        return self.parameters or {}

    def _json_schema(self) -> dict[str, Any]:
        function = {"name": self.name, "description": self.description, "parameters": self.input_schema}
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class ToolCallRequest:
    """A tool call as SDK 0.17 to 0.20 knew it, without an id."""

    name: str
    parameters: dict[str, JsonValue]

    def as_message(self) -> Message:
        function = {"name": self.name, "parameters": self.parameters}
        return Message.assistant("<|python_tag|>" + json.dumps({"type": "function", "function": function}))


@dataclass
class InvokeRequest:
    name: str
    arguments: dict[str, JsonValue]


@dataclass
class ToolOutput:
    contents: list[str]

    def text(self) -> str:
        return "\n\n".join(self.contents)

    def as_message(self, tool_call_id: str | None = None) -> Message:
        """For the conversation. Without the id of a call, the text form Llama 3 expects."""
        if tool_call_id is not None:
            return Message.tool(self.text(), tool_call_id)
        return Message.tool(f'completed[stdout]:{{"result": {self.text()}}}[/stdout]')


@dataclass
class ToolError(Exception):
    message: str

    def as_message(self, tool_call_id: str | None = None) -> Message:
        """For the conversation, so that the model can react."""
        return Message.tool(f'failed[stderr]:{{"error": {self.message}}}[/stderr]', tool_call_id)

    def __str__(self) -> str:
        return self.message

    def __hash__(self) -> int:
        return hash(self.message)


ToolResult = ToolOutput | ToolError
