"""Letting the model call tools until it has something to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pharia_skill.csi.inference import ChatParams, ChatResponse, ChatStreamResponse, Message, ToolCall, ToolResult
from pharia_skill.csi.tool_dialect import ToolDialect
from pharia_skill.csi.toolbox import Toolbox
from pharia_skill.errors import ToolRoundsExceeded

Answer = TypeVar("Answer", ChatResponse, ChatStreamResponse)

ToolObserver = Callable[[ToolCall, ToolResult], None]
"""Told of every call after it was answered, in the order of the calls."""


def answer_calls(
    ask: Callable[[list[Message], ChatParams], Answer],
    messages: list[Message],
    params: ChatParams,
    toolbox: Toolbox,
    dialect: ToolDialect,
    max_rounds: int,
    on_tool_call: ToolObserver | None,
) -> Answer:
    """The first answer that is no tool call. Calls and what came of them are appended to ``messages``."""
    answer = ask(*dialect.offer(messages, params))
    for _ in range(max_rounds):
        calls = dialect.calls(answer)
        if not calls:
            return answer
        results = toolbox.run(calls)
        messages.extend(dialect.transcript(answer, calls, results))
        if on_tool_call is not None:
            for call, result in zip(calls, results, strict=True):
                on_tool_call(call, result)
        answer = ask(*dialect.offer(messages, params))
    if not dialect.calls(answer):
        return answer
    raise ToolRoundsExceeded(
        f"the model still asks for tools after {max_rounds} rounds (give a larger max_rounds, or check what the tools "
        "answer)"
    )
