"""From the chunks of a stream to parts of the neutral model, in the order begin, parts, end, usage.

Hot path: once per token.
"""

from __future__ import annotations

from pharia_kernel.csi.http.decoding import decoded
from pharia_kernel.csi.http.failures import Asked
from pharia_kernel.csi.inference.openai import wire
from pharia_kernel.csi.inference.openai.answers import finish_reason
from pharia_kernel.csi.inference.openai.logprobs import kept_alternatives, token_logprobs
from pharia_kernel.csi.inference.openai.reasoning import ReasoningSplitter
from pharia_kernel.csi.inference.streams import StreamEnding
from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    CompleteRequest,
    End,
    Part,
    ReasoningPart,
    TextPart,
    TokenLogprob,
    ToolCallChunk,
    ToolCallPart,
    Usage,
)


class ChatReader:
    """Implements :class:`~pharia_kernel.csi.inference.streams.StreamReader` for chats."""

    def __init__(self, request: ChatRequest, asked: Asked) -> None:
        self._ending = StreamEnding(asked)
        self._alternatives = kept_alternatives(request.logprobs, chat=True)
        self._wants_reasoning = request.split_reasoning
        self._splitter = ReasoningSplitter() if request.split_reasoning else None
        self._begun = False
        self._tokens: tuple[TokenLogprob, ...] = ()

    def read(self, event: bytes) -> list[Part]:
        chunk = decoded(wire.decode_chat, event, self._ending.asked)
        _note(chunk, self._ending)
        if not chunk.choices or self._ending.finish is not None:
            return []
        choice = chunk.choices[0]
        parts: list[Part] = []
        if choice.logprobs is not None:
            self._tokens += token_logprobs(choice.logprobs, self._alternatives)
        if choice.delta is not None:
            self._message(choice.delta, parts)
        if choice.finish_reason is not None:
            self._finish(choice.finish_reason, parts)
        return parts

    def end(self, *, announced: bool) -> list[Part]:
        return self._ending.used(announced=announced)

    def _message(self, delta: wire.Message, parts: list[Part]) -> None:
        if not self._begun and (delta.role or delta.content or delta.tool_calls):
            self._begin(delta.role or "assistant", parts)
        if self._wants_reasoning and (reasoning := delta.reasoning_content or delta.reasoning):
            self._splitter = None  # the backend separates reasoning itself
            self._begin("assistant", parts)
            parts.append(ReasoningPart(reasoning))
        if delta.content:
            if self._splitter is None:
                self._text(delta.content, parts)
            else:
                self._split(self._splitter.feed(delta.content), parts)
        if delta.tool_calls:
            parts.append(ToolCallPart(tuple(_tool_call(call, at) for at, call in enumerate(delta.tool_calls))))

    def _finish(self, reason: str, parts: list[Part]) -> None:
        self._begin("assistant", parts)
        if self._splitter is not None:
            self._split(self._splitter.end(), parts)
        self._ending.finish = finish_reason(reason, self._ending.asked)
        parts.append(End(self._ending.finish))

    def _begin(self, role: str, parts: list[Part]) -> None:
        if not self._begun:
            self._begun = True
            parts.append(Begin(role))

    def _split(self, found: tuple[str, str], parts: list[Part]) -> None:
        reasoning, content = found
        if reasoning:
            parts.append(ReasoningPart(reasoning))
            self._tokens = ()
        if content:
            self._text(content, parts)

    def _text(self, text: str, parts: list[Part]) -> None:
        parts.append(TextPart(text, self._tokens))
        self._tokens = ()


class CompletionReader:
    """Implements :class:`~pharia_kernel.csi.inference.streams.StreamReader` for completions."""

    def __init__(self, request: CompleteRequest, asked: Asked) -> None:
        self._ending = StreamEnding(asked)
        self._alternatives = kept_alternatives(request.logprobs, chat=False)
        self._tokens: tuple[TokenLogprob, ...] = ()

    def read(self, event: bytes) -> list[Part]:
        chunk = decoded(wire.decode_completion, event, self._ending.asked)
        _note(chunk, self._ending)
        if not chunk.choices or self._ending.finish is not None:
            return []
        choice = chunk.choices[0]
        parts: list[Part] = []
        if choice.logprobs is not None:
            self._tokens += token_logprobs(choice.logprobs, self._alternatives)
        if choice.text:
            parts.append(TextPart(choice.text, self._tokens))
            self._tokens = ()
        if choice.finish_reason is not None:
            self._ending.finish = finish_reason(choice.finish_reason, self._ending.asked)
            parts.append(End(self._ending.finish))
        return parts

    def end(self, *, announced: bool) -> list[Part]:
        return self._ending.used(announced=announced)


def _note(chunk: wire.Chat | wire.Completion, ending: StreamEnding) -> None:
    ending.events += 1
    if chunk.usage is not None:
        ending.usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
    if chunk.model is not None:
        ending.model = chunk.model


def _tool_call(call: wire.ToolCall, position: int) -> ToolCallChunk:
    function = call.function or wire.Function()
    return ToolCallChunk(position if call.index is None else call.index, call.id, function.name, function.arguments)
