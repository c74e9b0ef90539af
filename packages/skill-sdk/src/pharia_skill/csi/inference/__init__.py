"""Requests to language models and their answers."""

from pharia_skill.csi.inference.chat import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    JsonSchema,
    NamedToolChoice,
    ReasoningEffort,
    ResponseFormat,
    ToolChoice,
)
from pharia_skill.csi.inference.chat_stream import ChatStreamResponse
from pharia_skill.csi.inference.completion import (
    Completion,
    CompletionAppend,
    CompletionEvent,
    CompletionParams,
    CompletionRequest,
)
from pharia_skill.csi.inference.completion_stream import CompletionStreamResponse
from pharia_skill.csi.inference.events import (
    ChatEvent,
    FinishReason,
    MessageAppend,
    MessageBegin,
    Reasoning,
    TokenUsage,
    ToolCallChunk,
    ToolCallEvent,
)
from pharia_skill.csi.inference.explanation import ExplanationRequest, Granularity, TextScore
from pharia_skill.csi.inference.logprobs import (
    Distribution,
    Logprob,
    Logprobs,
    NoLogprobs,
    SampledLogprobs,
    TopLogprobs,
)
from pharia_skill.csi.inference.message import Message, Role, ToolCall, UnreadableToolCall
from pharia_skill.csi.inference.tool import InvokeRequest, Tool, ToolCallRequest, ToolError, ToolOutput, ToolResult

__all__ = [
    "ChatEvent",
    "ChatParams",
    "ChatRequest",
    "ChatResponse",
    "ChatStreamResponse",
    "Completion",
    "CompletionAppend",
    "CompletionEvent",
    "CompletionParams",
    "CompletionRequest",
    "CompletionStreamResponse",
    "Distribution",
    "ExplanationRequest",
    "FinishReason",
    "Granularity",
    "InvokeRequest",
    "JsonSchema",
    "Logprob",
    "Logprobs",
    "Message",
    "MessageAppend",
    "MessageBegin",
    "NamedToolChoice",
    "NoLogprobs",
    "Reasoning",
    "ReasoningEffort",
    "ResponseFormat",
    "Role",
    "SampledLogprobs",
    "TextScore",
    "TokenUsage",
    "Tool",
    "ToolCall",
    "ToolCallChunk",
    "ToolCallEvent",
    "ToolCallRequest",
    "ToolChoice",
    "ToolError",
    "ToolOutput",
    "ToolResult",
    "TopLogprobs",
    "UnreadableToolCall",
]
