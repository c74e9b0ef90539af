"""The turns of a conversation, rendered as Llama 3 was trained on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, Literal

from pharia_skill.llama3.response import Response, SpecialTokens
from pharia_skill.llama3.tool import BuiltInTools, CodeInterpreter, JsonSchema, Tool, ToolDefinition, json_based
from pharia_skill.llama3.tool_call import ToolCall

_TOOLS = """

Answer the user's question by making use of the following functions if needed.
Only use functions if they are relevant to the user's question.
Here is a list of functions in JSON format:
{schemas}

Return function calls in JSON format."""


class Role(str, Enum):
    User = "user"
    Assistant = "assistant"
    System = "system"
    IPython = "ipython"

    def render(self) -> str:
        return f"{SpecialTokens.StartHeader.value}{self.value}{SpecialTokens.EndHeader.value}"


@dataclass
class UserMessage:
    content: str
    role: Literal[Role.User] = Role.User

    def render(self, tools: Sequence[ToolDefinition]) -> str:
        return _turn(self.role, self.content)

    @staticmethod
    def json_based_tools(tools: Sequence[ToolDefinition]) -> Sequence[ToolDefinition]:
        return json_based(tools)


@dataclass
class SystemMessage:
    """Made by the request of its ``system`` text and its tools."""

    content: str
    role: Literal[Role.System] = Role.System

    def render(self, tools: Sequence[ToolDefinition]) -> str:
        return _turn(self.role, self._with_tools(tools) if tools else self.content)

    @staticmethod
    def json_based_tools(tools: Sequence[ToolDefinition]) -> Sequence[ToolDefinition]:
        return json_based(tools)

    @staticmethod
    def system_prompt_tools(tools: Sequence[ToolDefinition]) -> list[type[Tool]]:
        """Those that are listed by name; the code interpreter comes with the environment."""
        return [
            tool for tool in tools if isinstance(tool, type) and tool in BuiltInTools and tool is not CodeInterpreter
        ]

    def _with_tools(self, tools: Sequence[ToolDefinition]) -> str:
        lines = ["Environment: ipython"]
        if named := self.system_prompt_tools(tools):
            lines.append(f"Tools: {', '.join(tool.name() for tool in named)}")
        if CodeInterpreter in tools:
            lines.append("If you decide to run python code, assign the result to a variable called `result`.")
        lines += ["Cutting Knowledge Date: December 2023", f"Today Date: {date.today():%d %B %Y}"]
        text = "\n".join(lines)
        if described := json_based(tools):
            text += _TOOLS.format(schemas="\n".join(json.dumps(schema_of(tool), indent=4) for tool in described))
        text += "\n\nYou are a helpful assistant."
        return f"{text}\n{self.content}" if self.content else text


@dataclass
class ToolMessage:
    """What a tool answered, or why it failed."""

    content: str
    role: Literal[Role.IPython] = field(default=Role.IPython, kw_only=True)
    success: bool = True

    def render(self, tools: Sequence[ToolDefinition]) -> str:
        return _turn(self.role, self.output())

    def output(self) -> str:
        outcome, stream = ("completed", "stdout") if self.success else ("failed", "stderr")
        return f"{outcome}[{stream}]{self.content}[/{stream}]"


@dataclass
class AssistantMessage:
    """Text, or tool calls."""

    content: str | None = None
    role: Literal[Role.Assistant] = Role.Assistant
    tool_calls: list[ToolCall] | None = None

    def render(self, tools: Sequence[ToolDefinition]) -> str:
        """Raises ``ValueError`` for a message with neither."""
        if self.tool_calls:
            calls = "".join(call.render() for call in self.tool_calls)
            return _turn(self.role, SpecialTokens.PythonTag.value + calls, SpecialTokens.EndOfMessage)
        if self.content is None:
            raise ValueError("an assistant message needs content or tool calls")
        return _turn(self.role, self.content)

    @staticmethod
    def from_raw_response(raw: str, tools: Sequence[ToolDefinition] | None = None) -> AssistantMessage:
        response = Response.from_raw(raw)
        call = ToolCall.from_response(response, tools) if tools else None
        return AssistantMessage(response.text) if call is None else AssistantMessage(tool_calls=[call])


def schema_of(tool: ToolDefinition) -> dict[str, Any]:
    return tool.model_dump() if isinstance(tool, JsonSchema) else tool.json_schema()


def _turn(role: Role, content: str, end: SpecialTokens = SpecialTokens.EndOfTurn) -> str:
    return f"{role.render()}\n\n{content}{end.value}"
