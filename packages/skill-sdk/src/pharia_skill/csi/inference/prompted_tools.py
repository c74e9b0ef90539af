"""Tools for models that know of them only from the system prompt, and answer with the call as text.

So worked all tools up to WIT 0.3, in the form Llama 3 was trained on; tests of skills compare the texts literally.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pharia_skill.csi.inference.events import ChatEvent, MessageAppend
from pharia_skill.csi.inference.message import Message, Role
from pharia_skill.csi.inference.tool_types import Tool, ToolCallRequest

SYSTEM = """\
Environment: ipython
Cutting Knowledge Date: December 2023
Today Date: {today}

Answer the user's question by making use of the following functions if needed.
Only use functions if they are relevant to the user's question.
Here is a list of functions in JSON format:
{json_schema}

Return function calls in JSON format.

{existing_system}"""

_FENCES = ("```json\n", "```")
_STARTS = tuple(fence + "{" for fence in (*_FENCES, ""))


def add_tools_to_system_prompt(messages: list[Message], tools: list[Tool]) -> list[Message]:
    """The conversation with the tools described ahead of it; ``messages`` is left as it is."""
    if not tools:
        return messages
    given = messages[0].content if messages and messages[0].role is Role.System else None
    system = Message.system(_render_system(date.today(), tools, given or ""))
    return [system, *(messages if given is None else messages[1:])]


def parse_tool_call(stream: Iterable[ChatEvent]) -> ToolCallRequest | None:
    """The call the text of the stream is; reads no further than needed to see that it is none."""
    text = ""
    for event in stream:
        if isinstance(event, MessageAppend):
            text += event.content
            if not could_be_tool_call(text):
                return None
    return tool_call_in(text)


def tool_call_in(text: str) -> ToolCallRequest | None:
    """The call a whole answer is."""
    try:
        return _deserialize_tool_call(text)
    except ValidationError:
        return None


def could_be_tool_call(text: str) -> bool:
    """Whether the beginning of an answer may become a call."""
    return any(text.startswith(start) or start.startswith(text) for start in _STARTS)


def _render_system(today: date, tools: list[Tool], existing_system: str) -> str:
    schemas = [json.dumps(tool._json_schema(), indent=4) for tool in tools]
    return SYSTEM.format(
        today=today.strftime("%d %B %Y"), json_schema="\n".join(schemas), existing_system=existing_system
    )


@dataclass
class _Flat:
    type: Literal["function"]
    name: str
    parameters: dict[str, JsonValue]


@dataclass
class _Function:
    name: str
    parameters: dict[str, JsonValue]


@dataclass
class _Nested:
    type: Literal["function"]
    function: _Function


_CALL: TypeAdapter[_Nested | _Flat] = TypeAdapter(_Nested | _Flat)


def _deserialize_tool_call(text: str) -> ToolCallRequest:
    """Raises ``pydantic.ValidationError`` for text that is no call."""
    call = _CALL.validate_json(_remove_md_delimiters(text))
    function = call.function if isinstance(call, _Nested) else call
    return ToolCallRequest(function.name, function.parameters)


def _remove_md_delimiters(text: str) -> str:
    return _remove_md_suffix(_remove_md_prefix(text))


def _remove_md_prefix(text: str) -> str:
    fence = next((fence for fence in _FENCES if text.startswith(fence)), "")
    return text.removeprefix(fence)


def _remove_md_suffix(text: str) -> str:
    return text.removesuffix("```")
