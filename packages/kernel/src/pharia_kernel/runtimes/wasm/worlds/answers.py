"""From answers of the neutral model to what a guest gets. The type the guest declares picks the members it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    Chunk,
    CompleteAnswer,
    Cursor,
    DocPath,
    Document,
    End,
    Hit,
    Image,
    Part,
    ReasoningPart,
    Score,
    TextPart,
    TokenLogprob,
    ToolCallPart,
    ToolInfo,
    ToolOutput,
    ToolResult,
    Usage,
    Used,
)
from pharia_kernel.errors import BackendAnswerInvalid
from pharia_kernel.types import JsonValue

Plain = dict[str, Any]


def _members(value: msgspec.Struct) -> Plain:
    return msgspec.structs.asdict(value)


def _distributions(tokens: Sequence[TokenLogprob]) -> list[Plain]:
    return [{"sampled": _members(t.sampled), "top": [_members(other) for other in t.top]} for t in tokens]


def _usage(usage: Usage) -> Plain:
    return _members(usage)


def completion(answer: CompleteAnswer) -> Plain:
    return {
        "text": answer.text,
        "finish_reason": answer.finish,
        "logprobs": _distributions(answer.tokens),
        "usage": _usage(answer.usage),
    }


def text(answer: CompleteAnswer) -> str:
    return answer.text


def chat(answer: ChatAnswer) -> Plain:
    calls = answer.tool_calls
    return {
        "message": {
            "role": "assistant",
            "content": answer.content,
            "reasoning_content": answer.reasoning,
            "tool_calls": None if calls is None else [_members(call) for call in calls],
        },
        "finish_reason": answer.finish,
        "logprobs": _distributions(answer.tokens),
        "usage": _usage(answer.usage),
    }


def chat_without_tools(answer: ChatAnswer) -> Plain:
    """0.2 and 0.3 never offer tools, and have no place for an answer without content."""
    if answer.content is None or answer.tool_calls or answer.finish == "tool-calls":
        raise BackendAnswerInvalid(
            "the backend answered a chat with tool calls or without content, though no tools were offered"
        )
    return chat(answer)


def completion_event(part: Part) -> tuple[str, Any] | None:
    match part:
        case TextPart(text=content, tokens=tokens):
            return "append", {"text": content, "logprobs": _distributions(tokens)}
        case End(finish=finish):
            return "end", finish
        case Used(usage=usage):
            return "usage", _usage(usage)
    return None


def chat_event(part: Part) -> tuple[str, Any] | None:
    match part:
        case TextPart(text=content, tokens=tokens):
            return "message-append", {"content": content, "logprobs": _distributions(tokens)}
        case Begin(role=role):
            return "message-begin", role
        case ReasoningPart(text=content):
            return "reasoning", content
        case ToolCallPart(chunks=chunks):
            return "tool-call", [_members(chunk) for chunk in chunks]
        case End(finish=finish):
            return "message-end", finish
        case Used(usage=usage):
            return "usage", _usage(usage)


def score(scores: Sequence[Score]) -> list[Plain]:
    return [_members(one) for one in scores]


def chunk_texts(chunks: Sequence[Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def chunks_with_offsets(chunks: Sequence[Chunk]) -> list[Plain]:
    return [{"text": c.text, "byte_offset": c.byte_offset, "character_offset": c.char_offset} for c in chunks]


def same(value: Any) -> Any:
    return value


def _path(path: DocPath) -> Plain:
    return _members(path)


def _cursor(cursor: Cursor) -> Plain:
    return _members(cursor)


def hits(found: Sequence[Hit]) -> list[Plain]:
    return [
        {
            "document_path": _path(hit.path),
            "content": hit.text,
            "score": hit.score,
            "start": _cursor(hit.start),
            "end": _cursor(hit.end),
        }
        for hit in found
    ]


def json_bytes(value: JsonValue) -> bytes | None:
    return None if value is None else msgspec.json.encode(value)


def document(found: Document) -> Plain:
    return {
        "path": _path(found.path),
        "contents": [("image", None) if isinstance(part, Image) else ("text", part) for part in found.parts],
        "metadata": json_bytes(found.metadata),
    }


def tool_result(result: ToolResult) -> tuple[str, Any]:
    if isinstance(result, ToolOutput):
        return "ok", [("text", one) for one in result.texts]
    return "err", result.message


def tool_info(tool: ToolInfo) -> Plain:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": msgspec.json.encode(tool.schema),
    }
