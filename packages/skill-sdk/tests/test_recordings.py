"""RecordingCsi and ReplayCsi: calls in a file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pharia_skill import (
    ChatParams,
    ChatResponse,
    Chunk,
    ChunkParams,
    CompletionParams,
    Csi,
    Distribution,
    Document,
    DocumentPath,
    FinishReason,
    IndexPath,
    InvokeRequest,
    IsNull,
    Language,
    Logprob,
    Message,
    MetadataFilter,
    Text,
    TextScore,
    TokenUsage,
    Tool,
    ToolError,
    ToolOutput,
    Without,
)
from pharia_skill.csi.inference import MessageAppend, MessageBegin, ToolCall
from pharia_skill.errors import KernelBusy, KernelError, KernelStreamFailed, RecordingMismatch, RecordingUnreadable
from pharia_skill.testing import RecordingCsi, ReplayCsi, ScriptedCsi, StubCsi
from pharia_skill.testing.cassette.layout import pretty
from pharia_skill.testing.streams import ChatEvents

HELLO = [Message.user("Say hello to Bob")]
PATH = DocumentPath("n", "c", "d")
LOGPROBS = [Distribution(Logprob(b"\xc3", -0.5), [Logprob(b"a", -1.0)])]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "calls.json"


def record(path: Path, csi: Csi, *asks: Callable[[Csi], Any]) -> list[Any]:
    with RecordingCsi(csi, path) as recording:
        return [ask(recording) for ask in asks]


def replay(path: Path, *asks: Callable[[Csi], Any]) -> list[Any]:
    with ReplayCsi(path) as replaying:
        return [ask(replaying) for ask in asks]


def chat(csi: Csi) -> str | None:
    return csi.chat("model", HELLO).message.content


def heard(csi: Csi) -> list[Any]:
    with csi.chat_stream("model", HELLO) as response:
        return [response.role, *response.stream(), response.finish_reason(), response.usage()]


def completed(csi: Csi) -> list[Any]:
    with csi.completion_stream("model", "prompt") as response:
        return [*response.stream(), response.finish_reason(), response.usage()]


# There and back


def test_everything_that_can_be_asked_is_answered_the_same_again(path: Path) -> None:
    csi = ScriptedCsi()
    csi.answer_chat(
        ChatResponse(
            Message.assistant("text", [ToolCall("c", "add", {"a": 1})], "hm"),
            FinishReason.TOOL_CALLS,
            LOGPROBS,
            TokenUsage(1, 2),
        )
    )
    csi.answer_completion("text")
    csi.answer_chat("Hello dear Bob", reasoning="let me think")
    csi.answer_completion("a b")
    csi.answer_chunks(["ab"])
    csi.answer_language(Language.German)
    csi.answer_language(None)
    csi.answer_search(["found"])
    csi.answer_document(Document(PATH, [Text("text")], {"nested": {"a": [1, None]}}))
    csi.answer_tool("add", "3")
    csi.answer_tool("saboteur", ToolError("Out of cheese."))
    csi.offer_tool(Tool("add", "Adds", {"type": "object"}))
    csi.answer_explanation([TextScore(0, 2, 0.5)])
    asks: list[Callable[[Csi], Any]] = [
        lambda csi: csi.chat("model", HELLO, ChatParams(max_tokens=3)),
        lambda csi: csi.complete("model", "prompt", CompletionParams(stop=["x"], echo=True)),
        heard,
        completed,
        lambda csi: csi.chunk("ab", ChunkParams("model", 10)),
        lambda csi: csi.select_language("text", [Language.German]),
        lambda csi: csi.select_language("text", [Language.German]),
        lambda csi: csi.search(
            IndexPath("n", "c", "i"), "query", 2, 0.5, [Without([MetadataFilter("gone", IsNull())])]
        ),
        lambda csi: csi.document(PATH),
        lambda csi: csi.document_metadata(PATH),
        lambda csi: csi.invoke_tool_concurrent(
            [InvokeRequest("add", {"a": 1, "b": None}), InvokeRequest("saboteur", {})]
        ),
        lambda csi: csi.list_tools(),
        lambda csi: csi.explain("prompt", "target", "model"),
    ]

    recorded = record(path, csi, *asks)

    assert replay(path, *asks) == recorded
    assert recorded[4] == [Chunk("ab", 0)]
    assert recorded[10] == [ToolOutput(["3"]), ToolError("Out of cheese.")]


def test_log_probabilities_survive_whatever_they_are(path: Path) -> None:
    csi = ScriptedCsi()
    unknown = [Distribution(Logprob(b"\xff", math.nan), [])]
    csi.answer_chat(ChatResponse(Message.assistant("a"), FinishReason.STOP, unknown, TokenUsage(1, 1)))

    record(path, csi, lambda csi: csi.chat("model", HELLO))
    (response,) = replay(path, lambda csi: csi.chat("model", HELLO))

    assert response.logprobs[0].sampled.token == b"\xff"
    assert math.isnan(response.logprobs[0].sampled.logprob)


def test_a_failure_is_raised_again(path: Path) -> None:
    csi = ScriptedCsi()
    csi.answer_chat(KernelBusy("try again later", 503))
    csi.answer_chat("Hello Bob", fails=KernelStreamFailed("no such model"))
    csi.answer_search(RuntimeError("no index"))

    def ask(csi: Csi) -> list[str]:
        with pytest.raises(KernelBusy, match="try again later"):
            csi.chat("model", HELLO)
        with pytest.raises(KernelStreamFailed, match="no such model"):
            heard(csi)
        with pytest.raises(Exception, match="no index") as caught:
            csi.search(IndexPath("n", "c", "i"), "query")
        return [type(caught.value).__name__]

    assert record(path, csi, ask) == [["RuntimeError"]]
    assert replay(path, ask) == [["KernelError"]]


def test_a_stream_that_was_left_early_can_be_left_early_again(path: Path) -> None:
    def first(csi: Csi) -> Any:
        with csi.chat_stream("model", HELLO) as response:
            return next(response.stream())

    assert record(path, StubCsi(), first) == replay(path, first)
    with pytest.raises(RecordingMismatch, match="read less of the stream"):
        replay(path, heard)


def test_the_stream_that_is_recorded_is_closed(path: Path) -> None:
    left: list[bool] = []

    class Leaving(ChatEvents):
        def __exit__(self, *exception: Any) -> None:
            left.append(True)

    class Csi(StubCsi):
        def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatEvents:
            return Leaving(iter([MessageBegin("assistant"), FinishReason.STOP, TokenUsage(1, 1)]))

    record(path, Csi(), heard)

    assert left == [True]


# The file


def test_the_file_is_made_for_reading(path: Path) -> None:
    csi = ScriptedCsi()
    csi.answer_chat("Grüße, Bob", reasoning="hm", usage=TokenUsage(4, 2))
    record(path, csi, heard)

    assert path.read_text(encoding="utf-8") == (
        "{\n"
        '  "format": "pharia-skill-csi/1",\n'
        '  "calls": [\n'
        "    {\n"
        '      "function": "chat_stream",\n'
        '      "request": {"model": "model", "messages": [{"role": "user", "content": "Say hello to Bob"}]},\n'
        '      "events": [\n'
        '        {"event": "message_begin", "data": {"role": "assistant"}},\n'
        '        {"event": "reasoning", "data": {"content": "hm"}},\n'
        '        {"event": "message_append", "data": {"content": "Grüße, "}},\n'
        '        {"event": "message_append", "data": {"content": "Bob"}},\n'
        '        {"event": "message_end", "data": {"finish_reason": "stop"}},\n'
        '        {"event": "usage", "data": {"usage": {"prompt": 4, "completion": 2}}}\n'
        "      ]\n"
        "    }\n"
        "  ]\n"
        "}\n"
    )


@pytest.mark.parametrize("value", [None, 1, "a", [], {}, [1, [2]], {"a": {"b": ["x" * 70, "y" * 70]}, "c": []}])
def test_the_layout_is_json(value: Any) -> None:
    assert json.loads(pretty(value)) == value


def test_secrets_are_not_in_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARIA_AI_TOKEN", "token-of-the-environment")
    monkeypatch.setenv("SHORT_TOKEN", "Bob")
    csi = ScriptedCsi()
    csi.answer_tool("login", "welcome, token-of-the-environment and extra-secret")

    def ask(csi: Csi) -> object:
        return csi.invoke_tool("login", password="hunter2", text="token-of-the-environment", user="Bob")

    with RecordingCsi(csi, path, secrets=["extra-secret"]) as recording:
        ask(recording)

    text = path.read_text()
    for secret in ("token-of-the-environment", "hunter2", "extra-secret"):
        assert secret not in text
    assert "Bob" in text
    assert replay(path, ask) == [ToolOutput(["welcome, *** and ***"])]


def test_nothing_is_written_when_the_test_fails(path: Path) -> None:
    def failing() -> None:
        with RecordingCsi(StubCsi(), path) as csi:
            chat(csi)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()

    assert not path.exists()


def test_an_old_recording_is_replaced_as_a_whole(path: Path) -> None:
    record(path, StubCsi(), chat, chat)
    record(path, StubCsi(), chat)

    assert len(json.loads(path.read_text())["calls"]) == 1
    assert [file.name for file in path.parent.iterdir()] == ["calls.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "other", "calls": []}', '{"format": 1}'])
def test_a_damaged_file_is_named(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)

    with pytest.raises(RecordingUnreadable, match=str(path)):
        ReplayCsi(path)


def test_a_damaged_answer_is_named(path: Path) -> None:
    record(path, StubCsi(), chat)
    path.write_text(path.read_text().replace('"finish_reason"', '"reason"'))

    with pytest.raises(RecordingUnreadable, match="the answer of chat is damaged"):
        replay(path, chat)


def test_a_missing_file_says_how_to_make_it(path: Path) -> None:
    with pytest.raises(RecordingUnreadable, match=r"no calls are recorded in .*calls\.json \(record them"):
        ReplayCsi(path)


# What differs


def test_a_request_that_changed_is_shown_as_a_difference(path: Path) -> None:
    record(path, StubCsi(), lambda csi: csi.chat("model", HELLO, ChatParams(max_tokens=64, temperature=0.5)))

    with pytest.raises(RecordingMismatch) as caught:
        replay(path, lambda csi: csi.chat("model", HELLO, ChatParams(max_tokens=65, temperature=0.5)))

    text = str(caught.value)
    assert isinstance(caught.value, AssertionError)
    assert text.startswith(f"{path}: call 1 differs from the recorded one:\n--- recorded\n+++ asked\n")
    assert '-      "params": {"max_tokens": 64, "temperature": 0.5}' in text
    assert '+      "params": {"max_tokens": 65, "temperature": 0.5}' in text
    assert "pytest --csi-record" in text


def test_another_function_differs_too(path: Path) -> None:
    record(path, StubCsi(), chat)

    with pytest.raises(RecordingMismatch, match="differs"):
        replay(path, heard)


def test_a_call_too_many_is_named(path: Path) -> None:
    record(path, StubCsi(), chat)

    with pytest.raises(RecordingMismatch, match="call 2 was not recorded"):
        replay(path, chat, chat)


def test_a_call_too_few_is_named(path: Path) -> None:
    record(path, StubCsi(), chat, completed)

    with pytest.raises(RecordingMismatch, match="1 recorded calls were not asked for: completion_stream"):
        replay(path, chat)


def test_a_skill_that_catches_everything_does_not_hide_a_difference(path: Path) -> None:
    record(path, StubCsi(), chat)

    def swallowing(csi: Csi) -> None:
        with pytest.raises(RecordingMismatch):
            csi.complete("model", "prompt")

    with pytest.raises(RecordingMismatch, match="differs"):
        replay(path, swallowing)


def test_parameters_left_at_their_defaults_need_no_new_recording(path: Path) -> None:
    record(path, StubCsi(), lambda csi: csi.complete("model", "p"), lambda csi: csi.chat("model", HELLO))

    replay(
        path,
        lambda csi: csi.complete("model", "p", CompletionParams(return_special_tokens=True, logprobs="no")),
        lambda csi: csi.chat("model", HELLO, ChatParams(logprobs="no")),
    )


def test_messages_that_are_replayed_are_as_they_were_when_they_were_asked(path: Path) -> None:
    def converse(csi: Csi) -> list[str | None]:
        messages = [Message.user("one")]
        messages.append(csi.chat("model", messages).message)
        messages.append(Message.user("two"))
        return [csi.chat("model", messages).message.content, messages[1].content]

    assert record(path, StubCsi(), converse) == replay(path, converse) == [["two", "one"]]


def test_replayed_parts_have_the_types_of_live_ones(path: Path) -> None:
    csi = ScriptedCsi()
    csi.answer_chat("Hello")
    record(path, csi, heard)

    assert replay(path, heard)[0][1] == MessageAppend("Hello")


def test_the_errors_of_a_kernel_come_back_by_their_codes() -> None:
    from pharia_skill.testing.cassette.file import failure, raised

    for kind in KernelError.__subclasses__():
        if kind.__module__ == KernelError.__module__:
            assert type(raised(failure(kind("text")))) is kind
