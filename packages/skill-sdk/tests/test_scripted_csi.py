"""ScriptedCsi: answers as the test says."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from pharia_skill import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    Chunk,
    ChunkParams,
    Completion,
    CompletionRequest,
    Csi,
    Document,
    DocumentPath,
    FinishReason,
    IndexPath,
    InvokeRequest,
    Language,
    Message,
    Text,
    TextScore,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
)
from pharia_skill.csi.inference import MessageAppend, Reasoning, ToolCall
from pharia_skill.errors import AnswersLeft, UnexpectedRequest
from pharia_skill.testing import ScriptedCsi, StubCsi
from pharia_skill.testing.scripted import Call

HELLO = [Message.user("Say hello to Bob")]


@pytest.fixture
def csi() -> ScriptedCsi:
    return ScriptedCsi()


def asked(csi: Csi, text: str, model: str = "m") -> str | None:
    return csi.chat(model, [Message.user(text)]).message.content


# Which answer


def test_answers_are_given_in_the_order_they_were_queued(csi: ScriptedCsi) -> None:
    csi.answer_chat("one")
    csi.answer_chat("two")

    assert [asked(csi, "?"), asked(csi, "?")] == ["one", "two"]


def test_an_answer_may_be_for_one_model(csi: ScriptedCsi) -> None:
    csi.answer_chat("large", model="llama-70b")
    csi.answer_chat("any")

    assert [asked(csi, "?", "llama-8b"), asked(csi, "?", "llama-70b")] == ["any", "large"]


def test_an_answer_may_be_for_some_requests(csi: ScriptedCsi) -> None:
    csi.answer_chat("by function", when=lambda request: request.params.max_tokens == 1)
    csi.answer_chat("by pattern", when=re.compile(r"\bBob\b"))
    csi.answer_chat("by text", when="(Alice)")

    assert asked(csi, "hello (Alice)") == "by text"
    assert asked(csi, "hello Bob") == "by pattern"
    assert csi.chat("m", HELLO, ChatParams(max_tokens=1)).message.content == "by function"


def test_an_answer_may_be_given_several_times_or_always(csi: ScriptedCsi) -> None:
    csi.answer_chat("twice", times=2)
    csi.answer_chat("always", times=None)

    assert [asked(csi, "?") for _ in range(4)] == ["twice", "twice", "always", "always"]
    csi.assert_all_used()


def test_concurrent_requests_have_an_answer_each(csi: ScriptedCsi) -> None:
    csi.answer_completion("for b", model="b")
    csi.answer_completion("for a", model="a")

    completions = csi.complete_concurrent([CompletionRequest("a", "p"), CompletionRequest("b", "p")])

    assert [completion.text for completion in completions] == ["for a", "for b"]


# What an answer is


class Person(BaseModel):
    name: str


def test_an_answer_is_whatever_is_shortest_to_write(csi: ScriptedCsi) -> None:
    csi.answer_chat("text")
    csi.answer_chat(Person(name="Bob"))
    csi.answer_chat(Message.assistant("message"))
    csi.answer_chat(ChatResponse(Message.assistant("response"), FinishReason.LENGTH, [], TokenUsage(1, 2)))
    csi.answer_chat(lambda request: f"for {request.model}")

    assert [asked(csi, "?") for _ in range(5)] == ["text", '{"name":"Bob"}', "message", "response", "for m"]


def test_a_structured_answer_is_a_model(csi: ScriptedCsi) -> None:
    csi.answer_chat(Person(name="Bob"))

    assert csi.chat("m", HELLO, response_model=Person) == Person(name="Bob")


def test_an_answer_has_reasoning_reason_and_usage(csi: ScriptedCsi) -> None:
    csi.answer_chat("Hi Bob", reasoning="hm", finish_reason=FinishReason.LENGTH, usage=TokenUsage(7, 8))

    response = csi.chat("m", HELLO)

    assert response.message.reasoning_content == "hm"
    assert response.finish_reason is FinishReason.LENGTH
    assert response.usage == TokenUsage(7, 8)


def test_an_exception_is_raised(csi: ScriptedCsi) -> None:
    csi.answer_chat(TimeoutError("too slow"))
    csi.answer_search(RuntimeError("no index"))

    with pytest.raises(TimeoutError, match="too slow"):
        asked(csi, "?")
    with pytest.raises(RuntimeError, match="no index"):
        csi.search(IndexPath("n", "c", "i"), "query")
    csi.assert_all_used()


def test_a_completion_is_a_text_or_a_whole_one(csi: ScriptedCsi) -> None:
    whole = Completion("b", FinishReason.STOP, [], TokenUsage(0, 0))
    csi.answer_completion("a b c")
    csi.answer_completion(whole)

    assert csi.complete("m", "one two").usage == TokenUsage(2, 3)
    assert csi.complete("m", "p") == whole


# Streams


def test_a_stream_gives_words_or_the_chunks_of_the_test(csi: ScriptedCsi) -> None:
    csi.answer_chat("Hello  dear Bob", reasoning="let me think")
    csi.answer_completion("ignored", chunks=["Hel", "lo"])

    with csi.chat_stream("m", HELLO) as response:
        assert list(response.stream()) == [
            Reasoning("let "),
            Reasoning("me "),
            Reasoning("think"),
            MessageAppend("Hello  "),
            MessageAppend("dear "),
            MessageAppend("Bob"),
        ]
        assert response.finish_reason() is FinishReason.STOP
        assert response.usage() == TokenUsage(4, 6)
    with csi.completion_stream("m", "p") as completion:
        assert [append.text for append in completion.stream()] == ["Hel", "lo"]


def test_a_stream_fails_in_its_midst(csi: ScriptedCsi) -> None:
    csi.answer_chat("Hello Bob", fails=ConnectionError("gone"))
    heard: list[str] = []

    with csi.chat_stream("m", HELLO) as response, pytest.raises(ConnectionError, match="gone"):
        heard.extend(part.content for part in response.stream())

    assert heard == ["Hello ", "Bob"]


def test_without_a_stream_such_an_answer_fails_as_a_whole(csi: ScriptedCsi) -> None:
    csi.answer_chat("Hello Bob", fails=ConnectionError("gone"))

    with pytest.raises(ConnectionError):
        csi.chat("m", HELLO)


# Tools


def test_a_model_calls_tools_and_reads_what_they_say(csi: ScriptedCsi) -> None:
    csi.answer_chat([ToolCall("c1", "add", {"a": 1, "b": 2}), ToolCall("c2", "saboteur", {})])
    csi.answer_chat("3", when=lambda request: request.messages[-2].content == "3")
    csi.answer_tool("add", lambda request: request.arguments["a"] + request.arguments["b"])
    csi.answer_tool("saboteur", ToolError("Out of cheese."))
    messages = [Message.user("1 + 2?")]

    with csi.chat_stream("m", messages, tools=["add", "saboteur"]) as response:
        assert response.consume_message().content == "3"

    assert [message.role.value for message in messages] == ["user", "assistant", "tool", "tool"]
    assert csi.requests_of(InvokeRequest) == [
        InvokeRequest("add", {"a": 1, "b": 2}),
        InvokeRequest("saboteur", {}),
    ]
    csi.assert_all_used()


def test_tools_say_texts_json_or_outputs(csi: ScriptedCsi) -> None:
    csi.answer_tool("t", "text")
    csi.answer_tool("t", {"a": [1]})
    csi.answer_tool("t", ToolOutput(["one", "two"]))
    csi.answer_tool("t", None)

    assert [csi.invoke_tool("t").text() for _ in range(4)] == ["text", '{"a": [1]}', "one\n\ntwo", "null"]


def test_a_failing_tool_raises_in_the_single_form_only(csi: ScriptedCsi) -> None:
    csi.answer_tool("t", ToolError("no"), times=2)

    assert csi.invoke_tool_concurrent([InvokeRequest("t", {})]) == [ToolError("no")]
    with pytest.raises(ToolError, match="no"):
        csi.invoke_tool("t")


def test_an_offered_tool_has_its_schema(csi: ScriptedCsi) -> None:
    tool = Tool("add", "Adds", {"type": "object", "properties": {"a": {"type": "integer"}}})
    csi.offer_tool(tool)
    csi.answer_tool("add", "3")
    csi.answer_tool("other", "x")

    assert csi.list_tools() == [tool, Tool("other", None, {"type": "object"})]


# Everything else


def test_searches_find_what_the_test_says(csi: ScriptedCsi) -> None:
    csi.answer_search(["about milk", "about oats"], when="oat milk")

    first, second = csi.search(IndexPath("n", "c", "i"), "oat milk", 2)

    assert [first.content, second.content] == ["about milk", "about oats"]
    assert first.document_path == DocumentPath("n", "c", "document-1")


def test_documents_are_found_by_their_paths(csi: ScriptedCsi) -> None:
    there, gone = DocumentPath("n", "c", "there"), DocumentPath("n", "c", "gone")
    document = Document(there, [Text("text")], {"url": "x"})
    csi.answer_document(document)
    csi.answer_document(LookupError("deleted"), gone)

    assert csi.documents([there, there]) == [document, document]
    assert csi.document_metadata(there) == {"url": "x"}
    with pytest.raises(LookupError, match="deleted"):
        csi.document(gone)


def test_languages_chunks_and_explanations(csi: ScriptedCsi) -> None:
    csi.answer_language(None)
    csi.answer_language(Language.German)
    csi.answer_chunks(["ab", "ab"])
    csi.answer_explanation([TextScore(0, 2, 0.5)])

    assert csi.select_language("?", [Language.German]) is None
    assert csi.select_language("?", [Language.German]) is Language.German
    assert csi.chunk("ab ab", ChunkParams("m", 10)) == [Chunk("ab", 0), Chunk("ab", 3)]
    assert csi.explain("p", "t", "m") == [TextScore(0, 2, 0.5)]


def test_chunks_that_are_no_part_of_the_text_are_a_mistake_of_the_test(csi: ScriptedCsi) -> None:
    csi.answer_chunks(["x"])

    with pytest.raises(ValueError, match="'x' does not occur"):
        csi.chunk("text"[:2], ChunkParams("m", 10))


# What was asked


def test_requests_are_kept_as_they_were(csi: ScriptedCsi) -> None:
    csi.answer_chat("one")
    csi.answer_completion("two")
    messages = [Message.user("hello")]

    csi.chat("m", messages)
    messages.append(Message.user("later"))
    csi.complete("m", "p")

    assert csi.requests == [ChatRequest("m", [Message.user("hello")]), CompletionRequest("m", "p")]
    assert csi.requests_of(CompletionRequest) == [CompletionRequest("m", "p")]
    assert csi.calls[1] == Call("complete", CompletionRequest("m", "p"), csi.calls[1].answer)
    assert csi.calls[1].answer.text == "two"


def test_tokens_are_counted_by_model(csi: ScriptedCsi) -> None:
    csi.answer_chat("one two", model="a")
    csi.answer_completion("one", model="b", times=2)

    csi.chat("a", HELLO)
    csi.complete("b", "p q")
    with csi.completion_stream("b", "p q") as response:
        list(response.stream())

    assert csi.usage("a") == TokenUsage(4, 2)
    assert csi.usage("b") == TokenUsage(4, 2)
    assert csi.usage("c") == TokenUsage(0, 0)
    assert csi.usage() == TokenUsage(8, 4)


# What does not fit


def test_a_request_without_an_answer_says_what_there_is(csi: ScriptedCsi) -> None:
    csi.answer_chat("x", model="other", when="milk", times=3)
    csi.answer_tool("add", "3", when=re.compile("1"), times=None)

    with pytest.raises(UnexpectedRequest) as caught:
        asked(csi, "Say hello to Bob")

    assert isinstance(caught.value, AssertionError)
    assert str(caught.value) == (
        "no answer is queued for chat m: 'Say hello to Bob' (queue one with answer_chat); queued are:"
        "\n  chat other, when 'milk', 3 times"
        "\n  invoke_tool add, when /1/"
    )


def test_a_skill_that_catches_everything_does_not_hide_it(csi: ScriptedCsi) -> None:
    with pytest.raises(UnexpectedRequest):
        csi.invoke_tool("add", a=1)

    with pytest.raises(UnexpectedRequest, match="invoke_tool add: 'a=1'"):
        csi.assert_all_used()


def test_answers_that_nobody_asked_for_are_listed(csi: ScriptedCsi) -> None:
    csi.answer_chat("x", when="milk")
    csi.answer_search([])
    csi.answer_document(Document(DocumentPath("n", "c", "d"), [], None))

    with pytest.raises(AnswersLeft, match=r"left are:\n  chat, when 'milk'\n  search$"):
        csi.assert_all_used()


def test_as_a_block_it_asks_at_the_end(csi: ScriptedCsi) -> None:
    csi.answer_chat("x")

    with pytest.raises(AnswersLeft), csi:
        pass
    with pytest.raises(ZeroDivisionError), csi:
        raise ZeroDivisionError


def test_another_csi_may_answer_the_rest() -> None:
    csi = ScriptedCsi(otherwise=StubCsi())
    csi.answer_chat("scripted", when="Bob")

    assert asked(csi, "Bob") == "scripted"
    assert asked(csi, "Alice") == "Alice"
    with csi.chat_stream("m", HELLO) as response:
        assert response.consume_message().content == "Say hello to Bob"
    with csi.completion_stream("m", "abc") as completion:
        assert "".join(append.text for append in completion.stream()) == "abc"
    assert csi.list_tools() == []
    assert [call.function for call in csi.calls] == ["chat", "chat", "chat_stream", "completion_stream"]
    assert csi.calls[1].answer.message.content == "Alice"
