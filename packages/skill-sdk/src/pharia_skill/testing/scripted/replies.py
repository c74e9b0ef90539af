"""What a model is made to say, whole or in pieces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from pharia_skill.csi import (
    ChatRequest,
    ChatResponse,
    Completion,
    CompletionRequest,
    FinishReason,
    Message,
    TokenUsage,
)
from pharia_skill.csi.inference import (
    ChatEvent,
    CompletionAppend,
    CompletionEvent,
    MessageAppend,
    MessageBegin,
    Reasoning,
    Role,
    ToolCall,
    ToolCallChunk,
    ToolCallEvent,
)

ChatAnswer = str | BaseModel | Message | ChatResponse | ToolCall | Sequence[ToolCall] | BaseException
CompletionAnswer = str | BaseModel | Completion | BaseException


@dataclass(frozen=True)
class Manner:
    """How an answer is given. ``chunks`` cut a stream, words by default; ``fails`` is raised when they are out."""

    reasoning: str | None = None
    finish_reason: FinishReason | None = None
    usage: TokenUsage | None = None
    chunks: Sequence[str] | None = None
    fails: BaseException | None = None


@dataclass(frozen=True)
class Reply:
    """An answer of a model, and how it is given."""

    response: ChatResponse | Completion
    manner: Manner

    def whole(self) -> ChatResponse | Completion:
        """Raises ``manner.fails``."""
        if self.manner.fails is not None:
            raise self.manner.fails
        return self.response

    def chat_events(self) -> Iterator[ChatEvent]:
        assert isinstance(self.response, ChatResponse)
        message = self.response.message
        yield MessageBegin(message.role.value)
        for piece in _pieces(message.reasoning_content or ""):
            yield Reasoning(piece)
        for piece in self._chunks(message.content or ""):
            yield MessageAppend(piece)
        for index, call in enumerate(message.tool_calls or []):
            yield ToolCallEvent([ToolCallChunk(index, call.id, call.name, json.dumps(call.arguments))])
        yield from self._end()

    def completion_events(self) -> Iterator[CompletionEvent]:
        assert isinstance(self.response, Completion)
        for piece in self._chunks(self.response.text):
            yield CompletionAppend(piece, [])
        yield from self._end()

    def _chunks(self, text: str) -> Sequence[str]:
        return self.manner.chunks if self.manner.chunks is not None else _pieces(text)

    def _end(self) -> Iterator[FinishReason | TokenUsage]:
        if self.manner.fails is not None:
            raise self.manner.fails
        yield self.response.finish_reason
        yield self.response.usage


def chat_reply(given: Any, manner: Manner, request: ChatRequest) -> Reply:
    if isinstance(given, ChatResponse):
        return Reply(given, manner)
    message = _message(given, manner.reasoning)
    default = FinishReason.TOOL_CALLS if message.tool_calls else FinishReason.STOP
    prompt = sum(_words(part.content) for part in request.messages)
    usage = TokenUsage(prompt, _words(message.content) + _words(message.reasoning_content))
    return Reply(ChatResponse(message, manner.finish_reason or default, [], manner.usage or usage), manner)


def completion_reply(given: Any, manner: Manner, request: CompletionRequest) -> Reply:
    if isinstance(given, Completion):
        return Reply(given, manner)
    text = _text(given)
    usage = TokenUsage(_words(request.prompt), _words(text))
    return Reply(Completion(text, manner.finish_reason or FinishReason.STOP, [], manner.usage or usage), manner)


def _pieces(text: str) -> list[str]:
    """Words, each with the space after it."""
    return re.findall(r"\s*\S+\s*", text) or ([text] if text else [])


def _message(given: Any, reasoning: str | None) -> Message:
    if isinstance(given, Message):
        return given
    if isinstance(given, ToolCall):
        given = [given]
    if not isinstance(given, str | BaseModel):
        return Message(Role.Assistant, None, reasoning, list(given))
    return Message(Role.Assistant, _text(given), reasoning)


def _text(given: str | BaseModel) -> str:
    """A model's JSON, for skills that ask for structured answers."""
    return given.model_dump_json() if isinstance(given, BaseModel) else given


def _words(text: str | None) -> int:
    return len((text or "").split())
