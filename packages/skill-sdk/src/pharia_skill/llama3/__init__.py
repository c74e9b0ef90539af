"""Llama 3 conversations as prompts for ``Csi.complete``, with tools. Kept for skills written for SDK 0.5.8 to 0.20."""

import warnings

from pharia_skill.llama3.message import AssistantMessage, Role, ToolMessage, UserMessage
from pharia_skill.llama3.request import ChatRequest, ChatResponse
from pharia_skill.llama3.response import SpecialTokens
from pharia_skill.llama3.tool import BraveSearch, CodeInterpreter, JsonSchema, Tool, ToolDefinition, WolframAlpha
from pharia_skill.llama3.tool_call import ToolCall

__all__ = [
    "AssistantMessage",
    "BraveSearch",
    "ChatRequest",
    "ChatResponse",
    "CodeInterpreter",
    "JsonSchema",
    "Role",
    "SpecialTokens",
    "Tool",
    "ToolCall",
    "ToolDefinition",
    "ToolMessage",
    "UserMessage",
    "WolframAlpha",
]

warnings.warn(
    "The `llama3` module is deprecated and will be removed in the future. "
    "Use the tool calling functionality offered by the chat methods on the `Csi` interface instead.",
    DeprecationWarning,
    stacklevel=2,
)
