"""Reading completion and chat streams."""

from __future__ import annotations

import pytest

from pharia_skill import (
    ChatStreamResponse,
    CompletionStreamResponse,
    FinishReason,
    Role,
    TokenUsage,
    ToolCallRequest,
)
from pharia_skill.csi.inference import (
    ChatEvent,
    CompletionAppend,
    CompletionEvent,
    MessageAppend,
    MessageBegin,
    Reasoning,
    ToolCall,
    ToolCallChunk,
    ToolCallEvent,
    UnreadableToolCall,
)
from pharia_skill.csi.inference.types import _merge_tool_call_chunks

END: list[FinishReason | TokenUsage] = [FinishReason.STOP, TokenUsage(1, 2)]


class Chat(ChatStreamResponse):
    def __init__(self, *events: ChatEvent) -> None:
        self.left = list(events)
        self.closed = False
        super().__init__()

    def _next(self) -> ChatEvent | None:
        return self.left.pop(0) if self.left else None

    def __exit__(self, *exc: object) -> None:
        self.closed = True


class Completing(CompletionStreamResponse):
    def __init__(self, *events: CompletionEvent) -> None:
        self.left = list(events)

    def next(self) -> CompletionEvent | None:
        return self.left.pop(0) if self.left else None


def chat(*events: ChatEvent) -> Chat:
    return Chat(MessageBegin("assistant"), *events)


def call(index: int, id: str | None, name: str | None, arguments: str | None) -> ToolCallEvent:
    return ToolCallEvent([ToolCallChunk(index, id, name, arguments)])


def test_a_completion_stream_gives_text_then_reason_and_usage() -> None:
    response = Completing(CompletionAppend("a", []), CompletionAppend("b", []), *END)
    assert [append.text for append in response.stream()] == ["a", "b"]
    assert response.finish_reason() is FinishReason.STOP
    assert response.usage() == TokenUsage(1, 2)


def test_the_reason_can_be_had_without_reading() -> None:
    assert Completing(CompletionAppend("a", []), *END).finish_reason() is FinishReason.STOP
    assert chat(MessageAppend("a"), *END).usage() == TokenUsage(1, 2)


def test_a_stream_is_read_once() -> None:
    for response in (Completing(*END), chat(*END)):
        list(response.stream())
        with pytest.raises(RuntimeError, match="The stream has already been consumed"):
            list(response.stream())


def test_a_stream_that_breaks_off_has_no_reason() -> None:
    for response in (Completing(CompletionAppend("a", [])), chat(MessageAppend("a"))):
        with pytest.raises(ValueError, match="Invalid event stream"):
            response.finish_reason()


def test_a_chat_stream_begins_with_a_begin() -> None:
    with pytest.raises(ValueError, match="Invalid first stream event: MessageAppend"):
        Chat(MessageAppend("a"))


def test_a_second_begin_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid event stream"):
        list(chat(MessageBegin("assistant")).stream())


def test_what_has_no_place_in_a_stream_is_refused() -> None:
    for response in (Completing("?"), chat("?")):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="Invalid event"):
            list(response.stream())


def test_everything_can_be_looked_at_ahead() -> None:
    response = chat(MessageAppend("a"), *END)
    assert list(response.peek_iterator()) == [MessageAppend("a"), *END]
    assert response.message().content == "a"
    assert list(response._peek_iterator()) == []


def test_looking_ahead_changes_nothing() -> None:
    response = chat(MessageAppend("a"), MessageAppend("b"), *END)
    response._peek()
    response.peek()
    assert [part.content for part in response.stream()] == ["a", "b"]
    assert response.role == Role.Assistant


def test_a_message_is_joined_from_text_and_reasoning() -> None:
    message = chat(Reasoning("h"), Reasoning("m"), MessageAppend("a"), MessageAppend("b"), *END).consume_message()
    assert (message.role, message.content, message.reasoning_content) == (Role.Assistant, "ab", "hm")


def test_a_consumed_stream_gives_an_empty_message() -> None:
    response = chat(MessageAppend("a"))
    list(response.stream())
    assert response.consume_message().content == ""


def test_text_is_no_tool_call_however_often_one_asks() -> None:
    response = chat(MessageAppend("a"), call(0, "1", "f", "{}"), *END)
    assert response.tool_calls() is None
    assert response.tool_calls() is None
    assert [part.content for part in response.stream()] == ["a"]
    assert response.tool_calls() is None


def test_tool_calls_are_merged_and_close_the_stream() -> None:
    response = chat(call(0, "1", "f", '{"a"'), call(0, None, None, ": 1}"), FinishReason.TOOL_CALLS)
    assert response.tool_calls() == [ToolCall("1", "f", {"a": 1})]
    assert response.tool_calls() == [ToolCall("1", "f", {"a": 1})]
    assert response.closed
    old = response.tool_call()
    assert old is not None
    assert (old.name, old.parameters) == ("f", {"a": 1})


@pytest.mark.parametrize("cut", [0, 1, 50])
def test_a_call_written_as_text_is_a_tool_call_of_the_older_kind(cut: int) -> None:
    text = '{"type": "function", "function": {"name": "search", "parameters": {"q": "x"}}}'
    response = chat(MessageAppend(text[:cut]), MessageAppend(text[cut:]), *END)
    assert response.tool_calls() is None
    assert response.tool_call() == ToolCallRequest("search", {"q": "x"})
    assert response.consume_message().content == text
    assert response.tool_call() == ToolCallRequest("search", {"q": "x"})


def test_text_that_is_no_call_is_still_read_after_asking() -> None:
    response = chat(MessageAppend("Hello, "), MessageAppend("world!"), *END)
    assert response.tool_call() is None
    assert len(response.buffer) == 1
    assert [part.content for part in response.stream()] == ["Hello, ", "world!"]
    assert response.tool_call() is None


def test_calls_with_arguments_that_are_no_object_are_told_apart() -> None:
    response = chat(call(0, "1", "f", "{oh"), call(1, "2", "g", "[1]"), call(2, "3", "h", ""))
    assert response.tool_calls() == [
        UnreadableToolCall("1", "f", {}, "{oh"),
        UnreadableToolCall("2", "g", {}, "[1]"),
        ToolCall("3", "h", {}),
    ]


def test_reasoning_before_a_tool_call_does_not_hide_it() -> None:
    response = chat(Reasoning("hm"), MessageAppend(""), call(0, "1", "f", "{}"), FinishReason.TOOL_CALLS)
    assert response.tool_calls() == [ToolCall("1", "f", {})]


def test_reasoning_before_text_is_still_read() -> None:
    response = chat(Reasoning("hm"), MessageAppend("a"), *END)
    assert response.tool_calls() is None
    assert [part.content for part in response.stream()] == ["hm", "a"]


def test_calls_may_come_interleaved() -> None:
    events = [
        call(0, "abc", "f", ""),
        call(1, "def", "g", '{"b"'),
        call(0, None, "oo", '{"a": 1}'),
        call(1, None, None, ": 2}"),
    ]
    assert _merge_tool_call_chunks(events) == [ToolCall("abc", "foo", {"a": 1}), ToolCall("def", "g", {"b": 2})]


def test_names_may_come_in_pieces() -> None:
    events = [call(0, "1", "se", None), call(0, None, "ar", None), call(0, None, "ch", "{}")]
    assert _merge_tool_call_chunks(events) == [ToolCall("1", "search", {})]


def test_calls_may_come_one_after_the_other() -> None:
    events = [call(0, "1", "f", "{}"), call(1, "2", "g", "{}")]
    assert [each.id for each in _merge_tool_call_chunks(events)] == ["1", "2"]


def test_no_chunks_are_no_calls() -> None:
    assert _merge_tool_call_chunks([]) == []


def test_a_first_chunk_must_say_which_tool() -> None:
    with pytest.raises(ValueError, match="expected first chunk to have an id"):
        _merge_tool_call_chunks([call(0, None, "f", "{}")])
