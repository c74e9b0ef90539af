"""One message of a conversation, in the shape OpenAI made common."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Self

from pydantic import JsonValue, field_serializer, field_validator
from pydantic.dataclasses import dataclass

from pharia_skill.csi.quick import quick
from pharia_skill.csi.reading import FromDict
from pharia_skill.errors import InvalidMessage


class Role(str, Enum):
    User = "user"
    Assistant = "assistant"
    System = "system"
    Tool = "tool"
    Developer = "developer"

    @classmethod
    def _missing_(cls, value: object) -> Role | None:
        lowered = value.lower() if isinstance(value, str) else value
        return next((role for role in cls if role.value == lowered), None)


@dataclass
class ToolCall:
    """A tool the model wants called; in JSON the arguments are a string that contains JSON."""

    id: str
    name: str
    arguments: dict[str, JsonValue]

    @classmethod
    def from_text(cls, id: str, name: str, arguments: str) -> ToolCall:
        """A call as a model wrote it, which may be an :class:`UnreadableToolCall`."""
        try:
            return ToolCall(id, name, arguments)  # type: ignore[arg-type]  # the validator reads the text
        except (ValueError, RecursionError):
            return UnreadableToolCall(id, name, {}, arguments)

    @field_validator("arguments", mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        return (json.loads(value) if value.strip() else {}) if isinstance(value, str) else value

    @field_serializer("arguments")
    def _render(self, value: dict[str, JsonValue]) -> str:
        return json.dumps(value)


@dataclass
class UnreadableToolCall(ToolCall):
    """A call whose arguments are no JSON object: ``arguments`` is empty, ``text`` is what the model wrote."""

    text: str = ""


@quick
@dataclass
class Message(FromDict):
    """``tool_calls`` and ``reasoning_content`` are the assistant's, ``tool_call_id`` belongs to a tool's answer."""

    role: Role
    content: str | None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @classmethod
    def user(cls, content: str) -> Self:
        return cls(Role.User, content)

    @classmethod
    def system(cls, content: str) -> Self:
        return cls(Role.System, content)

    @classmethod
    def developer(cls, content: str) -> Self:
        return cls(Role.Developer, content)

    @classmethod
    def assistant(
        cls,
        content: str | None,
        tool_calls: list[ToolCall] | None = None,
        reasoning_content: str | None = None,
    ) -> Self:
        """Raises :class:`~pharia_skill.errors.InvalidMessage` when nothing of the three is given."""
        if content is None and tool_calls is None and reasoning_content is None:
            raise InvalidMessage("either content, reasoning_content or tool_calls must be provided")
        return cls(Role.Assistant, content, reasoning_content, tool_calls)

    @classmethod
    def tool(cls, content: str, tool_call_id: str | None = None) -> Self:
        """What a tool answered. ``tool_call_id`` is that of the call, where the model gave one."""
        return cls(Role.Tool, content, tool_call_id=tool_call_id)

    @classmethod
    def _from_tool_calls(cls, tool_calls: list[ToolCall]) -> Self:
        return cls.assistant(None, tool_calls)

    def as_gen_ai_otel_attributes(self) -> dict[str, str | None]:
        return {"role": self.role.value, "content": self.content}
