"""What a skill may ask for and what it gets, in one vocabulary behind every WIT line and every HTTP generation.

Defaults are chosen so that a member an old line does not have *is* the right value. ``None`` means: not given, so not
sent to the backend.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pharia_kernel.types import JsonValue

Finish = Literal["stop", "length", "content-filter", "tool-calls"]
Effort = Literal["minimal", "low", "medium", "high"]


class TopLogprobs(msgspec.Struct, frozen=True):
    top: int
    """Alternatives per token, 0 to 20."""


LogprobMode = Literal["no", "sampled"] | TopLogprobs


class Logprob(msgspec.Struct, frozen=True):
    token: bytes
    """Raw bytes of the token, possibly a part of a character."""
    logprob: float


class TokenLogprob(msgspec.Struct, frozen=True):
    sampled: Logprob
    top: tuple[Logprob, ...] = ()


class Usage(msgspec.Struct, frozen=True):
    """Token counts."""

    prompt: int
    completion: int


class CompleteRequest(msgspec.Struct, frozen=True):
    model: str
    prompt: str
    max_tokens: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    special_tokens: bool = False
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: LogprobMode = "no"
    echo: bool = False
    seed: int | None = None
    """For the choice of tokens; the same seed is meant to give the same answer."""


class CompleteAnswer(msgspec.Struct, frozen=True):
    text: str
    finish: Finish
    tokens: tuple[TokenLogprob, ...] = ()
    usage: Usage = Usage(0, 0)
    model: str | None = None
    """The model that really answered, where the backend says so; for traces."""


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: str
    """JSON text written by the model; may be invalid."""


class Turn(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: str
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tool_call_id: str | None = None


class FunctionSpec(msgspec.Struct, frozen=True):
    name: str
    description: str | None = None
    parameters: JsonValue = None
    strict: bool | None = None


class NamedTool(msgspec.Struct, frozen=True):
    name: str


ToolChoice = Literal["none", "auto", "required"] | NamedTool


class JsonSchema(msgspec.Struct, frozen=True):
    name: str
    description: str | None = None
    schema: JsonValue = None
    strict: bool | None = None


ResponseFormat = Literal["text", "json-object"] | JsonSchema


class ChatRequest(msgspec.Struct, frozen=True):
    model: str
    turns: tuple[Turn, ...]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: LogprobMode = "no"
    tools: tuple[FunctionSpec, ...] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    format: ResponseFormat | None = None
    effort: Effort | None = None
    split_reasoning: bool = False
    """Separate the model's reasoning from its answer (WIT 0.4 and later)."""
    stop: tuple[str, ...] = ()
    seed: int | None = None


class ChatAnswer(msgspec.Struct, frozen=True):
    content: str | None
    finish: Finish
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tokens: tuple[TokenLogprob, ...] = ()
    usage: Usage = Usage(0, 0)
    model: str | None = None


# Parts of completion and chat streams.


class Begin(msgspec.Struct, frozen=True):
    role: str


class ReasoningPart(msgspec.Struct, frozen=True):
    text: str


class TextPart(msgspec.Struct, frozen=True):
    text: str
    tokens: tuple[TokenLogprob, ...] = ()


class ToolCallChunk(msgspec.Struct, frozen=True):
    index: int
    id: str | None = None
    name: str | None = None
    arguments: str | None = None


class ToolCallPart(msgspec.Struct, frozen=True):
    chunks: tuple[ToolCallChunk, ...]


class End(msgspec.Struct, frozen=True):
    finish: Finish


class Used(msgspec.Struct, frozen=True):
    usage: Usage
    model: str | None = None


Part = Begin | ReasoningPart | TextPart | ToolCallPart | End | Used


class ExplainRequest(msgspec.Struct, frozen=True):
    prompt: str
    target: str
    model: str
    granularity: Literal["auto", "word", "sentence", "paragraph"] = "auto"


class Score(msgspec.Struct, frozen=True):
    start: int
    """Position in the prompt, in characters."""
    length: int
    score: float


class EmbedRequest(msgspec.Struct, frozen=True):
    text: str


class Embedding(msgspec.Struct, frozen=True):
    vector: tuple[float, ...]
    """Of length one, or zeros for a text without any sign."""
    model: str


class ChunkRequest(msgspec.Struct, frozen=True):
    text: str
    model: str
    max_tokens: int
    overlap: int = 0
    char_offsets: bool = False


class Chunk(msgspec.Struct, frozen=True):
    text: str
    byte_offset: int = 0
    char_offset: int | None = None


class LanguageRequest(msgspec.Struct, frozen=True):
    text: str
    candidates: tuple[str, ...]
    """ISO 639-3 codes."""


class DocPath(msgspec.Struct, frozen=True):
    namespace: str
    collection: str
    name: str


class IndexPath(msgspec.Struct, frozen=True):
    namespace: str
    collection: str
    index: str


class Condition(msgspec.Struct, frozen=True):
    field: str
    operator: str
    """Case name of WIT ``metadata-filter-condition``."""
    value: str | int | float | bool | None = None


class Filter(msgspec.Struct, frozen=True):
    mode: Literal["without", "with-one-of", "with-all"]
    conditions: tuple[Condition, ...]


class SearchRequest(msgspec.Struct, frozen=True):
    index: IndexPath
    query: str
    limit: int
    min_score: float | None = None
    filters: tuple[Filter, ...] = ()


class Cursor(msgspec.Struct, frozen=True):
    item: int
    position: int


class Hit(msgspec.Struct, frozen=True):
    path: DocPath
    text: str
    score: float
    start: Cursor = Cursor(0, 0)
    end: Cursor = Cursor(0, 0)


class Image(msgspec.Struct, frozen=True):
    pass


class Document(msgspec.Struct, frozen=True):
    path: DocPath
    parts: tuple[str | Image, ...]
    metadata: JsonValue = None


class ToolRequest(msgspec.Struct, frozen=True):
    name: str
    arguments: tuple[tuple[str, bytes], ...]
    """Name and JSON bytes of each argument."""


class ToolOutput(msgspec.Struct, frozen=True):
    texts: tuple[str, ...]


class ToolError(msgspec.Struct, frozen=True):
    message: str


ToolResult = ToolOutput | ToolError


class ToolInfo(msgspec.Struct, frozen=True):
    name: str
    description: str
    schema: JsonValue
