"""How tools are offered to a model, and how its calls and what came of them are written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from pharia_skill.csi.inference import (
    ChatParams,
    ChatResponse,
    ChatStreamResponse,
    Message,
    NamedToolChoice,
    Tool,
    ToolCall,
    ToolCallRequest,
    ToolResult,
)
from pharia_skill.csi.inference.prompted_tools import add_tools_to_system_prompt, tool_call_in

Answer = ChatResponse | ChatStreamResponse


class ToolDialect(Protocol):
    def offer(self, messages: list[Message], params: ChatParams) -> tuple[list[Message], ChatParams]:
        """What to ask the model with."""

    def calls(self, answer: Answer) -> list[ToolCall]:
        """What the model wants called; nothing when the answer is meant for the user."""

    def transcript(self, answer: Answer, calls: list[ToolCall], results: list[ToolResult]) -> list[Message]:
        """What to append to the conversation."""


class NativeTools(ToolDialect):
    """Tools are a parameter, calls have ids."""

    def __init__(self, tools: list[Tool]) -> None:
        self._tools = tools
        self._called = False

    def offer(self, messages: list[Message], params: ChatParams) -> tuple[list[Message], ChatParams]:
        demanded = params.tool_choice == "required" or isinstance(params.tool_choice, NamedToolChoice)
        choice = None if self._called and demanded else params.tool_choice  # or it could never answer
        return messages, replace(params, tools=self._tools, tool_choice=choice)

    def calls(self, answer: Answer) -> list[ToolCall]:
        found = answer.message.tool_calls if isinstance(answer, ChatResponse) else answer.tool_calls()
        self._called = self._called or bool(found)
        return found or []

    def transcript(self, answer: Answer, calls: list[ToolCall], results: list[ToolResult]) -> list[Message]:
        asked = answer.message if isinstance(answer, ChatResponse) else Message._from_tool_calls(calls)
        return [asked, *(result.as_message(call.id) for call, result in zip(calls, results, strict=True))]


class PromptedTools(ToolDialect):
    """Tools stand in the system prompt, one call at a time is the text of the answer."""

    def __init__(self, tools: list[Tool]) -> None:
        self._tools = tools

    def offer(self, messages: list[Message], params: ChatParams) -> tuple[list[Message], ChatParams]:
        return add_tools_to_system_prompt(messages, self._tools), params

    def calls(self, answer: Answer) -> list[ToolCall]:
        if isinstance(answer, ChatResponse):
            call = tool_call_in(answer.message.content or "")
        elif (call := answer.tool_call()) is not None:
            answer.__exit__(None, None, None)
        return [] if call is None else [ToolCall("", call.name, call.parameters)]

    def transcript(self, answer: Answer, calls: list[ToolCall], results: list[ToolResult]) -> list[Message]:
        asked = [ToolCallRequest(call.name, call.arguments).as_message() for call in calls]
        return asked + [result.as_message() for result in results]
