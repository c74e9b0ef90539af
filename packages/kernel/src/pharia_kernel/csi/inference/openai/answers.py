"""From whole answers of an endpoint to answers of the neutral model; the first choice counts."""

from __future__ import annotations

from collections.abc import Mapping

from pharia_kernel.csi.http.decoding import decoded, unexpected
from pharia_kernel.csi.http.failures import Asked
from pharia_kernel.csi.inference.openai import wire
from pharia_kernel.csi.inference.openai.logprobs import kept_alternatives, token_logprobs
from pharia_kernel.csi.inference.openai.reasoning import split_reasoning
from pharia_kernel.csi.types import ChatAnswer, ChatRequest, CompleteAnswer, CompleteRequest, Finish, ToolCall, Usage

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content-filter",
    "tool_calls": "tool-calls",
    "function_call": "tool-calls",
}


def chat_answer(request: ChatRequest, data: bytes, asked: Asked) -> ChatAnswer:
    answer = decoded(wire.decode_chat, data, asked)
    choice = answer.choices[0] if answer.choices else None
    if choice is None or choice.message is None:
        raise unexpected(asked, "it has no choice with a message")
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
        raise unexpected(asked, "it has no choice with a text")
    return CompleteAnswer(
        text=choice.text,
        finish=finish_reason(choice.finish_reason, asked),
        tokens=token_logprobs(choice.logprobs, kept_alternatives(request.logprobs, chat=False)),
        usage=_usage(answer.usage, asked),
        model=answer.model,
    )


def finish_reason(found: str | None, asked: Asked, known: Mapping[str, Finish] = _FINISH) -> Finish:
    if found is None:
        raise unexpected(asked, "it has no finish reason")
    if (finish := known.get(found)) is None:
        raise unexpected(asked, f"its finish reason {asked.shown(found)!r} is not known")
    return finish


def _usage(found: wire.Usage | None, asked: Asked) -> Usage:
    if found is None:
        raise unexpected(asked, "it has no usage")
    return Usage(found.prompt_tokens, found.completion_tokens)


def _tool_call(call: wire.ToolCall, asked: Asked) -> ToolCall:
    if call.function is None or call.function.name is None:
        raise unexpected(asked, "it has a tool call without a function")
    return ToolCall(call.id or "", call.function.name, call.function.arguments or "")
