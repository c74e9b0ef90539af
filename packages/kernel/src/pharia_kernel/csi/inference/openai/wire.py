"""What an OpenAI-compatible endpoint answers, as far as the kernel reads it.

Everything a real server leaves out, or sets to null, has a default.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Usage(msgspec.Struct, gc=False):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class TokenEntry(msgspec.Struct):
    token: str
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[TokenEntry] | None = None


class Logprobs(msgspec.Struct):
    """``content`` is the form of chats, and of llama.cpp's completions; the rest is the form of other completions."""

    content: list[TokenEntry] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float | None] | None] | None = None


class Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Message(msgspec.Struct):
    """An answer's message, or a chunk's share of it."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCall] | None = None


class ChatChoice(msgspec.Struct):
    message: Message | None = None
    delta: Message | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Chat(msgspec.Struct):
    """A whole answer or one chunk of a stream."""

    choices: list[ChatChoice] | None = None
    usage: Usage | None = None
    model: str | None = None
    error: Any = None


class CompletionChoice(msgspec.Struct):
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Completion(msgspec.Struct):
    """A whole answer or one chunk of a stream."""

    choices: list[CompletionChoice] | None = None
    usage: Usage | None = None
    model: str | None = None
    error: Any = None


decode_chat = msgspec.json.Decoder(Chat).decode
decode_completion = msgspec.json.Decoder(Completion).decode
