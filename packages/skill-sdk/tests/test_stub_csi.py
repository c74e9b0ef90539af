"""StubCsi: answers without being told what."""

from __future__ import annotations

import pytest

from pharia_skill import (
    ChatRequest,
    Chunk,
    ChunkParams,
    CompletionRequest,
    Csi,
    Cursor,
    DocumentPath,
    FinishReason,
    IndexPath,
    InvokeRequest,
    Language,
    Message,
    SearchResult,
    Text,
    TokenUsage,
    ToolOutput,
)
from pharia_skill.csi.inference import MessageAppend, Reasoning
from pharia_skill.testing import StubCsi


def test_completions_repeat_their_prompts_in_order() -> None:
    completions = StubCsi().complete_concurrent([CompletionRequest("a", "one"), CompletionRequest("b", "second")])

    assert [completion.text for completion in completions] == ["one", "second"]
    assert completions[1].usage == TokenUsage(6, 6)
    assert completions[0].finish_reason is FinishReason.STOP


def test_a_completion_stream_gives_one_character_after_the_other() -> None:
    with StubCsi().completion_stream("model", "abc") as response:
        assert [append.text for append in response.stream()] == ["a", "b", "c"]
        assert response.usage() == TokenUsage(3, 3)


def test_every_chat_is_answered_with_its_own_last_message() -> None:
    requests = [ChatRequest("m", [Message.system("s"), Message.user("one")]), ChatRequest("m", [Message.user("two")])]

    assert [response.message.content for response in StubCsi().chat_concurrent(requests)] == ["one", "two"]
    assert StubCsi().chat_concurrent([]) == []


def test_an_empty_conversation_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="the conversation with model is empty"):
        StubCsi().chat("model", [])


def test_a_chat_stream_thinks_and_repeats_all_messages() -> None:
    with StubCsi().chat_stream("model", [Message.system("s"), Message.user("user")]) as response:
        assert response.role == "assistant"
        assert list(response.stream()) == [
            Reasoning("I am thinking..."),
            MessageAppend("s"),
            MessageAppend("user"),
        ]
        assert response.finish_reason() is FinishReason.STOP
        assert response.usage() == TokenUsage(5, 5)


def test_everything_else_has_an_answer_too() -> None:
    csi = StubCsi()
    path = DocumentPath("n", "c", "d")

    assert csi.chunk("text", ChunkParams("model", 10)) == [Chunk("text", 0)]
    assert csi.select_language("text", [Language.German, Language.English]) is Language.German
    assert csi.select_language("text", []) is None
    assert csi.search(IndexPath("n", "c", "i"), "query") == [
        SearchResult(
            DocumentPath("dummy-namespace", "dummy-collection", "dummy-name"),
            "dummy-content",
            1.0,
            Cursor(0, 0),
            Cursor(0, 0),
        )
    ]
    assert csi.document(path).contents == [Text("dummy-content")]
    assert csi.document(path).path == path
    assert csi.document_metadata(path) == {}
    assert csi.invoke_tool("tool", a=1) == ToolOutput([])
    assert csi.invoke_tool_concurrent([InvokeRequest("a", {}), InvokeRequest("b", {})]) == [ToolOutput([])] * 2
    assert csi.list_tools() == []
    assert csi.explain("prompt", "target", "model") == []


def test_tools_it_does_not_have_are_an_error() -> None:
    with pytest.raises(ValueError, match="Tool add required by Skill but not configured in namespace"):
        StubCsi().chat_stream("model", [Message.user("1 + 1?")], tools=["add"])


def test_a_subclass_overrides_what_its_test_is_about() -> None:
    class Polite(StubCsi):
        def list_tools(self) -> list:  # type: ignore[type-arg]
            return []

        def chat_concurrent(self, requests):  # type: ignore[no-untyped-def]
            (response,) = super().chat_concurrent(requests)
            response.message.content = "Thank you."
            return [response]

    csi: Csi = Polite()
    assert csi.chat("model", [Message.user("Here.")]).message.content == "Thank you."
