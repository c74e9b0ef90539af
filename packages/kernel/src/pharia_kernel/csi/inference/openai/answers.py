"""From whole answers of an endpoint to answers of the neutral model; the first choice counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from pharia_kernel.csi.inference.openai import wire
from pharia_kernel.csi.inference.openai.failures import Asked, reported
from pharia_kernel.csi.inference.openai.logprobs import kept_alternatives, token_logprobs
from pharia_kernel.csi.inference.openai.reasoning import split_reasoning
from pharia_kernel.csi.types import ChatAnswer, ChatRequest, CompleteAnswer, CompleteRequest, Finish, ToolCall, Usage
from pharia_kernel.errors import BackendAnswerInvalid, CsiError

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content-filter",
    "tool_calls": "tool-calls",
    "function_call": "tool-calls",
}

Wire = TypeVar("Wire", wire.Chat, wire.Completion)


def decoded(decode: Callable[[bytes], Wire], data: bytes, asked: Asked) -> Wire:
    """Raises the error that is inside the answer, or :class:`BackendAnswerInvalid` if it is something else."""
    try:
        found = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unexpected(asked, f"{asked.shown(str(error))}; it begins with {_beginning(data, asked)}") from None
    if found.error:
        raise reported(asked, found.error)
    return found


def chat_answer(request: ChatRequest, data: bytes, asked: Asked) -> ChatAnswer:
    answer = decoded(wire.decode_chat, data, asked)
    choice = answer.choices[0] if answer.choices else None
    if choice is None or choice.message is None:
        raise _unexpected(asked, "it has no choice with a message")
    message = choice.message
    content, reasoning = message.content, None
    if request.split_reasoning:
        reasoning = message.reasoning_content or message.reasoning or None
        if reasoning is None and content is not None:
            reasoning, content = split_reasoning(content)
    calls = tuple(_tool_call(call, asked) for call in message.tool_calls or ())
    return ChatAnswer(
        content=None if calls and not content else content,
        finish=finish_reason(choice.finish_reason, asked),
        reasoning=reasoning,
        tool_calls=calls or None,
        tokens=token_logprobs(choice.logprobs, kept_alternatives(request.logprobs, chat=True)),
        usage=_usage(answer.usage, asked),
        model=answer.model,
    )


def complete_answer(request: CompleteRequest, data: bytes, asked: Asked) -> CompleteAnswer:
    answer = decoded(wire.decode_completion, data, asked)
    choice = answer.choices[0] if answer.choices else None
    if choice is None or choice.text is None:
        raise _unexpected(asked, "it has no choice with a text")
    return CompleteAnswer(
        text=choice.text,
        finish=finish_reason(choice.finish_reason, asked),
        tokens=token_logprobs(choice.logprobs, kept_alternatives(request.logprobs, chat=False)),
        usage=_usage(answer.usage, asked),
        model=answer.model,
    )


def whole_instead_of_stream(data: bytes, asked: Asked) -> CsiError:
    """The error behind JSON that came where a stream was asked for; most often it says what went wrong."""
    try:
        decoded(wire.decode_chat, data, asked)
    except CsiError as error:
        return error
    return _unexpected(asked, "it is one JSON document where a stream was asked for")


def finish_reason(found: str | None, asked: Asked) -> Finish:
    if found is None:
        raise _unexpected(asked, "it has no finish reason")
    if (finish := _FINISH.get(found)) is None:
        raise _unexpected(asked, f"its finish reason {asked.shown(found)!r} is not known")
    return finish


def _usage(found: wire.Usage | None, asked: Asked) -> Usage:
    if found is None:
        raise _unexpected(asked, "it has no usage")
    return Usage(found.prompt_tokens, found.completion_tokens)


def _tool_call(call: wire.ToolCall, asked: Asked) -> ToolCall:
    if call.function is None or call.function.name is None:
        raise _unexpected(asked, "it has a tool call without a function")
    return ToolCall(call.id or "", call.function.name, call.function.arguments or "")


def _beginning(data: bytes, asked: Asked) -> str:
    return repr(asked.shown(data[:200].decode("utf-8", "replace")))


def _unexpected(asked: Asked, what: str) -> BackendAnswerInvalid:
    return BackendAnswerInvalid(
        f"{asked.backend} answered {asked.path} with model {asked.model!r} in an unexpected way: {what}"
    )
