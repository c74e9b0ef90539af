"""What a chat is answered with, as it goes over the wire."""

from __future__ import annotations

import msgspec

from pharia_kernel.api.csi.completion import FINISH_REASONS, FinishReason
from pharia_kernel.api.csi.logprobs import Distribution, distributions
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import BackendAnswerInvalid


class OldMessage(msgspec.Struct, frozen=True):
    role: str
    content: str


class MessageV1(msgspec.Struct, frozen=True):
    role: str
    content: str | None
    tool_call_id: str | None
    """Always null: only messages of tools have it."""
    tool_calls: list[csi.ToolCall] | None


class MessageV2(msgspec.Struct, frozen=True):
    role: str
    content: str | None
    reasoning_content: str | None
    tool_call_id: str | None
    """Always null: only messages of tools have it."""
    tool_calls: list[csi.ToolCall] | None


class OldChatAnswer(msgspec.Struct, frozen=True):
    message: OldMessage
    finish_reason: FinishReason


class LegacyChatAnswer(msgspec.Struct, frozen=True):
    message: OldMessage
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: csi.Usage


class ChatAnswerV1(msgspec.Struct, frozen=True):
    message: MessageV1
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: csi.Usage


class ChatAnswerV2(msgspec.Struct, frozen=True):
    message: MessageV2
    finish_reason: FinishReason
    logprobs: list[Distribution]
    usage: csi.Usage


def expect_no_tool_call(request: csi.ChatRequest, finish: csi.Finish | None, called: bool) -> None:
    """Callers of the first version who offer no tools do not know what to do with a tool call."""
    if not request.tools and (called or finish == "tool-calls"):
        raise BackendAnswerInvalid(
            "The inference backend returned a tool call, even though no tools were specified in the chat request. "
            f"Ask the operator of model `{request.model}`"
        )


def old_chat(request: csi.ChatRequest, answer: csi.ChatAnswer) -> OldChatAnswer:
    return OldChatAnswer(_old_message(request, answer), FINISH_REASONS[answer.finish])


def legacy_chat(request: csi.ChatRequest, answer: csi.ChatAnswer) -> LegacyChatAnswer:
    message = _old_message(request, answer)
    return LegacyChatAnswer(message, FINISH_REASONS[answer.finish], distributions(answer.tokens), answer.usage)


def chat_v1(request: csi.ChatRequest, answer: csi.ChatAnswer) -> ChatAnswerV1:
    if not request.tools:
        _content(request, answer)
    message = MessageV1("assistant", answer.content, None, _calls(answer))
    return ChatAnswerV1(message, FINISH_REASONS[answer.finish], distributions(answer.tokens), answer.usage)


def chat_v2(answer: csi.ChatAnswer) -> ChatAnswerV2:
    message = MessageV2("assistant", answer.content, answer.reasoning, None, _calls(answer))
    return ChatAnswerV2(message, FINISH_REASONS[answer.finish], distributions(answer.tokens), answer.usage)


def _old_message(request: csi.ChatRequest, answer: csi.ChatAnswer) -> OldMessage:
    return OldMessage("assistant", _content(request, answer))


def _content(request: csi.ChatRequest, answer: csi.ChatAnswer) -> str:
    expect_no_tool_call(request, answer.finish, bool(answer.tool_calls))
    if answer.content is None:
        raise BackendAnswerInvalid(
            "The inference backend returned a message with an empty content while no tools were specified in the "
            f"request. Ask the operator of model `{request.model}`"
        )
    return answer.content


def _calls(answer: csi.ChatAnswer) -> list[csi.ToolCall] | None:
    return None if answer.tool_calls is None else list(answer.tool_calls)
