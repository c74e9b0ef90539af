"""The words chat requests and chat streams share, under the name older skills import them from."""

from pharia_skill.csi.inference.events import (
    ChatEvent,
    FinishReason,
    MessageAppend,
    MessageBegin,
    Reasoning,
    TokenUsage,
    ToolCallChunk,
    ToolCallEvent,
    _merge_tool_call_chunks,
)
from pharia_skill.csi.inference.logprobs import Distribution, Logprob, NanFloat, none_to_nan
from pharia_skill.csi.inference.message import Message, Role, ToolCall, UnreadableToolCall

__all__ = [
    "ChatEvent",
    "Distribution",
    "FinishReason",
    "Logprob",
    "Message",
    "MessageAppend",
    "MessageBegin",
    "NanFloat",
    "Reasoning",
    "Role",
    "TokenUsage",
    "ToolCall",
    "ToolCallChunk",
    "ToolCallEvent",
    "UnreadableToolCall",
    "_merge_tool_call_chunks",
    "none_to_nan",
]
