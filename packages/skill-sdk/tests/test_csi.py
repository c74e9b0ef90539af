"""The forms every Csi inherits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from pharia_skill import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    ChatStreamResponse,
    Completion,
    CompletionParams,
    CompletionRequest,
    Csi,
    FinishReason,
    InvokeRequest,
    Message,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
    ToolResult,
)
from pharia_skill.csi.inference import ChatEvent, MessageAppend, MessageBegin, ToolCallChunk, ToolCallEvent
from pharia_skill.errors import ToolRoundsExceeded

USAGE = TokenUsage(1, 1)
ADD = ToolCallEvent([ToolCallChunk(0, "id-1", "add", '{"a": 1}'), ToolCallChunk(1, "id-2", "fail", "")])


class Nothing(Csi):
    pass


class Scripted(ChatStreamResponse):
    def __init__(self, events: list[ChatEvent]) -> None:
        self._events = [MessageBegin("assistant"), *events]
        super().__init__()

    def _next(self) -> ChatEvent | None:
        return self._events.pop(0) if self._events else None


class Recording(Csi):
    """Echoes; answers chat streams from a script."""

    def __init__(self, *answers: list[ChatEvent]) -> None:
        self.answers = list(answers)
        self.seen: list[Any] = []

    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        self.seen.extend(requests)
        return [Completion(request.prompt, FinishReason.STOP, [], USAGE) for request in requests]

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        self.seen.extend(requests)
        return [ChatResponse(request.messages[-1], FinishReason.STOP, [], USAGE) for request in requests]

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        self.seen.append(params)
        return Scripted(self.answers.pop(0))

    def list_tools(self) -> list[Tool]:
        return [Tool("add", "a"), Tool("fail", "f"), Tool("other", "o")]

    def invoke_tool_concurrent(self, requests: Sequence[InvokeRequest]) -> list[ToolResult]:
        self.seen.append(requests)
        return [ToolError("broken") if request.name == "fail" else ToolOutput(["3"]) for request in requests]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("complete_concurrent", ([],)),
        ("chat_concurrent", ([],)),
        ("explain_concurrent", ([],)),
        ("chunk_concurrent", ([],)),
        ("select_language_concurrent", ([],)),
        ("search_concurrent", ([],)),
        ("documents", ([],)),
        ("documents_metadata", ([],)),
        ("invoke_tool_concurrent", ([],)),
        ("list_tools", ()),
        ("_completion_stream", ("m", "p", CompletionParams())),
        ("_chat_stream", ("m", [], ChatParams())),
    ],
)
def test_what_is_not_implemented_says_its_name(method: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(NotImplementedError, match=f"Nothing does not implement {method}"):
        getattr(Nothing(), method)(*arguments)


def test_single_forms_use_default_parameters() -> None:
    csi = Recording()
    assert csi.complete("m", "p").text == "p"
    assert csi.chat("m", [Message.user("u")]).message.content == "u"
    assert csi.seen == [CompletionRequest("m", "p", CompletionParams()), ChatRequest("m", [Message.user("u")])]


def test_a_wrong_argument_is_found_before_anything_is_sent() -> None:
    csi = Recording()
    with pytest.raises(ValidationError, match="1 validation error for CompletionRequest"):
        csi.complete(None, "p")  # type: ignore[arg-type]
    assert csi.seen == []


def test_the_oldest_name_for_several_completions_works() -> None:
    assert [
        each.text for each in Recording().complete_all([CompletionRequest("m", "a"), CompletionRequest("m", "b")])
    ] == [
        "a",
        "b",
    ]


def test_a_tool_may_have_a_parameter_called_name() -> None:
    csi = Recording()
    assert csi.invoke_tool("add", name="x").text() == "3"
    assert csi.seen == [[InvokeRequest("add", {"name": "x"})]]


def test_a_failing_tool_raises() -> None:
    with pytest.raises(ToolError, match="broken"):
        Recording().invoke_tool("fail")


def test_unknown_tools_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Tool dummy required by Skill but not configured in namespace\."):
        Recording().chat_stream("m", [], tools=["dummy"])


def test_the_model_may_call_tools_before_it_answers() -> None:
    csi = Recording([ADD], [MessageAppend("done")])
    messages, params = [Message.user("u")], ChatParams(max_tokens=5)

    with csi.chat_stream("m", messages, params, tools=["fail", "add"]) as response:
        assert response.consume_message().content == "done"

    assert [message.role.value for message in messages] == ["user", "assistant", "tool", "tool"]
    assert [message.tool_call_id for message in messages[2:]] == ["id-1", "id-2"]
    assert messages[2].content == "3"
    assert "broken" in (messages[3].content or "")
    assert csi.seen[0].tools == [Tool("add", "a"), Tool("fail", "f")]
    assert csi.seen[1] == [InvokeRequest("add", {"a": 1}), InvokeRequest("fail", {})]
    assert params == ChatParams(max_tokens=5)


def test_a_model_that_only_calls_tools_is_stopped() -> None:
    csi = Recording([ADD], [ADD], [ADD])
    with pytest.raises(ToolRoundsExceeded, match="after 2 rounds"):
        csi.chat_stream("m", [Message.user("u")], tools=["add"], max_rounds=2)
