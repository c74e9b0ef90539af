"""Letting the model call tools until it has something to say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pharia_skill.csi.inference import ChatParams, ChatStreamResponse, InvokeRequest, Message, Tool
from pharia_skill.errors import ToolRoundsExceeded

if TYPE_CHECKING:
    from pharia_skill.csi.csi import Csi


def chat_with_tools(
    csi: Csi, model: str, messages: list[Message], params: ChatParams, tools: list[Tool], max_rounds: int
) -> ChatStreamResponse:
    """The first answer that is no tool call, unread. Calls and what came of them are appended to ``messages``."""
    offering = replace(params, tools=tools)
    response = csi.chat_stream_step(model, messages, offering)
    for _ in range(max_rounds):
        calls = response.tool_calls()
        if calls is None:
            return response
        messages.append(Message._from_tool_calls(calls))
        results = csi.invoke_tool_concurrent([InvokeRequest(call.name, call.arguments) for call in calls])
        messages.extend(result.as_message(call.id) for call, result in zip(calls, results, strict=True))
        response = csi.chat_stream_step(model, messages, offering)
    if response.tool_calls() is None:
        return response
    raise ToolRoundsExceeded(
        f"model {model} still asks for tools after {max_rounds} rounds (give chat_stream a larger max_rounds, or check "
        "what the tools answer)"
    )
