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
    Completion,
    CompletionParams,
    CompletionRequest,
    Csi,
    FinishReason,
    InvokeRequest,
    Message,
    TokenUsage,
    ToolError,
    ToolOutput,
    ToolResult,
)

USAGE = TokenUsage(1, 1)


class Nothing(Csi):
    pass


class Recording(Csi):
    """Echoes."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def complete_concurrent(self, requests: Sequence[CompletionRequest]) -> list[Completion]:
        self.seen.extend(requests)
        return [Completion(request.prompt, FinishReason.STOP, [], USAGE) for request in requests]

    def chat_concurrent(self, requests: Sequence[ChatRequest]) -> list[ChatResponse]:
        self.seen.extend(requests)
        return [ChatResponse(request.messages[-1], FinishReason.STOP, [], USAGE) for request in requests]

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
