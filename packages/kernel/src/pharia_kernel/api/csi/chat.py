"""What a chat is asked with, as it goes over the wire."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pharia_kernel.api.csi.logprobs import Logprobs, wanted
from pharia_kernel.api.csi.numbers import U32
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import InvalidCsiRequest, MalformedRequest

_ROLES = ("system", "developer", "user", "assistant", "tool")


class ChatMessage(msgspec.Struct, frozen=True):
    """Other members, such as the reasoning of an earlier answer, are not sent to the model."""

    role: str
    """Compared without case."""
    content: str | None = None
    tool_calls: tuple[csi.ToolCall, ...] | None = None
    """Of an assistant."""
    tool_call_id: str | None = None
    """Of a tool."""

    def neutral(self) -> csi.Turn:
        role = self.role.lower()
        if role not in _ROLES:
            raise InvalidCsiRequest(
                f"The role {self.role} is not supported by the inference backend. "
                f"Currently, supported roles are {', '.join(_ROLES)}"
            )
        if role == "assistant":
            return csi.Turn(role, self.content, self.tool_calls)
        if self.content is None:
            who = "Tool" if role == "tool" else "Non-assistant"
            raise InvalidCsiRequest(f"{who} message must have content")
        if role == "tool":
            return csi.Turn(role, self.content, tool_call_id=self.tool_call_id or "")
        return csi.Turn(role, self.content)


class ChosenTool(msgspec.Struct, frozen=True):
    """One of both members: ``named`` is how kernels call it, ``name`` how the newest SDK does."""

    named: str | None = None
    name: str | None = None

    def neutral(self) -> csi.NamedTool:
        if (self.named is None) == (self.name is None):
            raise MalformedRequest('A chosen tool is written `{"named": "NAME"}`, with nothing else in it')
        return csi.NamedTool(self.named if self.named is not None else self.name or "")


class WantedFormat(msgspec.Struct, frozen=True):
    """Kernels wrap a schema in ``json_schema``, the newest SDK sends its members as they are."""

    json_schema: csi.JsonSchema | None = None
    name: str | None = None
    description: str | None = None
    schema: Any = None
    strict: bool | None = None

    def neutral(self) -> csi.JsonSchema:
        if (self.json_schema is None) == (self.name is None):
            raise MalformedRequest('A response format is written `{"json_schema": {"name": "NAME", "schema": {…}}}`')
        return self.json_schema or csi.JsonSchema(self.name or "", self.description, self.schema, self.strict)


_FORMATS: dict[str, csi.ResponseFormat] = {"text": "text", "json_object": "json-object"}


class ChatParams(msgspec.Struct, frozen=True):
    max_tokens: U32 | None = None
    max_completion_tokens: U32 | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: Logprobs = "no"
    tools: tuple[csi.FunctionSpec, ...] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: Literal["text", "json_object"] | WantedFormat | None = None
    reasoning_effort: Literal["minimal", "low", "medium", "high"] | None = None
    stop: tuple[str, ...] = ()
    seed: U32 | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    model: str
    messages: tuple[ChatMessage, ...]
    params: ChatParams

    def neutral(self) -> csi.ChatRequest:
        params = self.params
        choice, wish = params.tool_choice, params.response_format
        return csi.ChatRequest(
            model=self.model,
            turns=tuple(message.neutral() for message in self.messages),
            max_tokens=params.max_tokens,
            max_completion_tokens=params.max_completion_tokens,
            temperature=params.temperature,
            top_p=params.top_p,
            frequency_penalty=params.frequency_penalty,
            presence_penalty=params.presence_penalty,
            logprobs=wanted(params.logprobs),
            tools=params.tools,
            tool_choice=choice.neutral() if isinstance(choice, ChosenTool) else choice,
            parallel_tools=params.parallel_tool_calls,
            format=wish.neutral() if isinstance(wish, WantedFormat) else _FORMATS[wish] if wish else None,
            effort=params.reasoning_effort,
            stop=params.stop,
            seed=params.seed,
        )

    def with_reasoning(self) -> csi.ChatRequest:
        """As the second version asks: with the model's reasoning apart from its answer."""
        return msgspec.structs.replace(self.neutral(), split_reasoning=True)
