"""A tool call of the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pharia_skill.llama3.response import Response
from pharia_skill.llama3.tool import BraveSearch, CodeInterpreter, Tool, ToolDefinition, WolframAlpha, json_based


@dataclass
class ToolCall:
    """``parameters`` is an instance of the tool where the tool is a class."""

    name: str
    parameters: dict[str, Any] | Tool

    def render(self) -> str:
        """As the model writes it."""
        if isinstance(self.parameters, Tool):
            return self.parameters.render()
        return json.dumps({"name": self.name, "parameters": self.parameters})

    @classmethod
    def from_response(cls, response: Response, tools: Sequence[ToolDefinition]) -> ToolCall | None:
        """``None`` when the answer calls none of the tools. Llama 3.3 leaves out the python tag before JSON.

        Raises ``pydantic.ValidationError`` for arguments the class of the tool does not take.
        """
        call = cls.json_from_text(response.text, tools)
        if call is None and response.python_tag:
            return cls.built_in_from_text(response.text, tools)
        return call

    @staticmethod
    def json_from_text(text: str, tools: Sequence[ToolDefinition]) -> ToolCall | None:
        try:
            data = json.loads(text)
            function = data.get("function", data)  # the model nests them at times
            name, parameters = function["name"], function["parameters"]
        except (ValueError, AttributeError, KeyError, TypeError):
            return None
        tool = next((tool for tool in json_based(tools) if tool.name() == name), None)
        if tool is None:
            return None
        return ToolCall(name, tool.model_validate(parameters) if isinstance(tool, type) else parameters)

    @staticmethod
    def built_in_from_text(text: str, tools: Sequence[ToolDefinition]) -> ToolCall | None:
        for query in (BraveSearch, WolframAlpha):
            if query in tools and (call := query.try_from_text(text)) is not None:
                return ToolCall(query.name(), call)
        if CodeInterpreter in tools:
            return ToolCall(CodeInterpreter.name(), CodeInterpreter(src=text.strip()))
        return None
