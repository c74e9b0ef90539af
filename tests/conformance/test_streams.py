"""Completion and chat streams."""

from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    CompleteRequest,
    End,
    ReasoningPart,
    TextPart,
    ToolCallChunk,
    ToolCallPart,
    Turn,
    Usage,
    Used,
)
from pharia_kernel.errors import BackendAnswerInvalid, BackendFailed, InvalidCsiRequest, ModelNotFound

from .answers import GIVEN_TOKENS, TOKENS
from .calls import (
    ASKED_0_3,
    CHAT_NOTHING_0_3,
    CHAT_NOTHING_0_4,
    COMPLETE_0_3,
    COMPLETE_NOTHING,
    completion,
    newest,
    other,
)
from .guest import SPLIT, Guest, on
from .scripted_csi import HANG, ScriptedCsi

END = {"end": "stop"}
USED = Used(Usage(7, 2), model="another")
GIVEN_USAGE = {"usage": {"prompt": 7, "completion": 2}}
PAUSE = ["call", "tool", "list-tools"]
"""A step that waits for the script."""


def complete(line: str, name: str = "a", model: str = "model") -> list[Any]:
    return ["open", name, "CompletionStream", {**completion(**newest(line, COMPLETE_NOTHING)), "model": model}]


def chat(line: str, role: str = "user") -> list[Any]:
    message, params = (
        ({"role": role, "content": "hi"}, CHAT_NOTHING_0_3) if line == "0.3" else (other(role), CHAT_NOTHING_0_4)
    )
    return ["open", "a", "ChatStream", {"model": "model", "messages": [message], "params": params}]


def text(content: str) -> dict[str, Any]:
    return {"append": {"text": content, "logprobs": []}}


@on(*SPLIT)
async def test_completions_are_streamed_and_the_end_repeats(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[TextPart("Grü", TOKENS), TextPart("ße"), End("stop"), USED]])
    opened = ["open", "a", "CompletionStream", completion(**newest(guest.line, COMPLETE_0_3))]
    _, *events = await guest.do(csi, opened, *[["next", "a"]] * 6)
    first = {"append": {"text": "Grü", "logprobs": GIVEN_TOKENS}}
    assert events == [first, text("ße"), END, GIVEN_USAGE, None, None]
    assert csi.asked == [("complete_stream", ASKED_0_3)]


@on("0.4", "0.5")
async def test_streamed_completions_may_echo_from_line_0_4(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[]])
    opened = ["open", "a", "CompletionStream", completion(**COMPLETE_NOTHING, echo=True)]
    assert await guest.do(csi, opened, ["next", "a"]) == [None, None]
    assert csi.asked == [("complete_stream", CompleteRequest("model", "prompt", echo=True))]


@on(*SPLIT)
async def test_chats_are_streamed(guest: Guest) -> None:
    csi = ScriptedCsi(chat_stream=[[Begin("assistant"), TextPart("Grüße", TOKENS), End("length"), USED]])
    _, events, end = await guest.do(csi, chat(guest.line), ["rest", "a"], ["next", "a"])
    tokens = {"logprobs": GIVEN_TOKENS} if guest.line == "0.3" else {}
    begin, append = {"message-begin": "assistant"}, {"message-append": {"content": "Grüße", **tokens}}
    assert events == [begin, append, {"message-end": "length"}, GIVEN_USAGE]
    assert end is None
    asked = ChatRequest("model", (Turn("user", "hi"),), split_reasoning=guest.line != "0.3")
    assert csi.asked == [("chat_stream", asked)]


@on("0.4", "0.5")
async def test_line_0_4_streams_reasoning_and_tool_calls(guest: Guest) -> None:
    chunks = (ToolCallChunk(0, "id-1", "add", '{"a"'), ToolCallChunk(2**32 - 1, arguments=": 1}"))
    parts = [Begin("assistant"), ReasoningPart("hm"), ToolCallPart(chunks), End("tool-calls")]
    _, events = await guest.do(ScriptedCsi(chat_stream=[parts]), chat(guest.line), ["rest", "a"])
    given = [
        {"index": 0, "id": "id-1", "name": "add", "arguments": '{"a"'},
        {"index": 2**32 - 1, "id": None, "name": None, "arguments": ": 1}"},
    ]
    assert events == [
        {"message-begin": "assistant"},
        {"reasoning": "hm"},
        {"tool-call": given},
        {"message-end": "tool-calls"},
    ]


@on("0.3")
@pytest.mark.parametrize(
    "part", [ReasoningPart("hm"), ToolCallPart((ToolCallChunk(0, "id", "add"),)), End("tool-calls")]
)
async def test_what_line_0_3_has_no_event_for_ends_the_run(guest: Guest, part: Any) -> None:
    csi = ScriptedCsi(chat_stream=[[Begin("assistant"), part]], list_tools=[])
    with pytest.raises(BackendAnswerInvalid):
        await guest.do(csi, chat("0.3"), ["next", "a"], PAUSE, ["survive", ["next", "a"]])
    assert ("list_tools", None) in csi.asked


@on(*SPLIT)
async def test_streams_are_read_in_any_interleaving(guest: Guest) -> None:
    scripts = [[TextPart("a1"), TextPart("a2"), End("stop")], [TextPart("b1"), TextPart("b2")]]
    csi = ScriptedCsi(complete_stream=scripts)
    order = ["b", "a", "a", "b", "b", "a", "a"]
    steps = [complete(guest.line, name, model=name) for name in "ab"]
    _, _, *events = await guest.do(csi, *steps, *[["next", name] for name in order])
    assert events == [text("b1"), text("a1"), text("a2"), text("b2"), None, END, None]
    assert [asked.model for _, asked in csi.asked] == ["a", "b"]


@on(*SPLIT)
async def test_the_request_starts_before_the_first_event_is_asked_for(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[HANG]])

    async def begun() -> list[Any]:
        await csi.begun.wait()
        return []

    csi.script["list_tools"] = begun
    assert await guest.do(csi, complete(guest.line), PAUSE) == [None, []]


@on(*SPLIT)
async def test_dropping_a_stream_cancels_its_request_and_no_other(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[TextPart("a1"), HANG], [TextPart("b1"), TextPart("b2"), HANG]])
    left: list[str] = []

    async def let_go() -> list[Any]:
        await csi.let_go.wait()
        left.extend(request.model for request in csi.reading)
        return []

    csi.script["list_tools"] = let_go
    steps = [complete(guest.line, name, model=name) for name in "ab"]
    steps += [["next", "a"], ["next", "b"], ["drop", "a"], PAUSE, ["next", "b"]]
    *_, last = await guest.do(csi, *steps)
    assert left == ["b"]
    assert last == text("b2")


@on(*SPLIT)
async def test_streams_left_open_are_cancelled_when_the_skill_has_ended(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[TextPart(name), HANG] for name in "abc"])
    steps = [complete(guest.line, name) for name in "abc"]
    *_, first, second = await guest.do(csi, *steps, ["next", "a"], ["next", "b"])
    assert (first, second) == (text("a"), text("b"))
    assert csi.reading == []


@on(*SPLIT)
async def test_streams_left_open_are_cancelled_when_the_skill_crashed(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[TextPart("a"), HANG], [ModelNotFound("no such model")]])
    steps = [complete(guest.line, name) for name in "ab"]
    with pytest.raises(ModelNotFound):
        await guest.do(csi, *steps, ["next", "a"], ["next", "b"])
    assert csi.reading == []


@on(*SPLIT)
@pytest.mark.parametrize("operation", ["complete_stream", "chat_stream"])
async def test_an_error_in_a_stream_ends_the_run_after_the_events_before_it(guest: Guest, operation: str) -> None:
    broken = BackendFailed("broke off")
    csi = ScriptedCsi(**{operation: [[TextPart("a"), broken]]}, list_tools=[])
    opened = complete(guest.line) if operation == "complete_stream" else chat(guest.line)
    with pytest.raises(BackendFailed) as caught:
        await guest.do(csi, opened, ["next", "a"], PAUSE, ["survive", ["next", "a"]], PAUSE)
    assert caught.value is broken
    assert [name for name, _ in csi.asked] == [operation, "list_tools"]


@on(*SPLIT)
async def test_an_error_nobody_asks_for_does_not_hurt(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[TextPart("a"), BackendFailed("broke off")]])
    assert await guest.do(csi, complete(guest.line), ["next", "a"]) == [None, text("a")]


@on(*SPLIT)
async def test_a_role_nobody_knows_ends_the_run_when_the_stream_is_opened(guest: Guest) -> None:
    csi = ScriptedCsi(chat_stream=[[]])
    with pytest.raises(InvalidCsiRequest, match="critic"):
        await guest.do(csi, ["survive", chat(guest.line, "critic")])
    assert csi.asked == []


@on(*SPLIT)
async def test_more_streams_than_allowed_end_the_run(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[HANG]] * 65)
    steps = [complete(guest.line, f"s{number}") for number in range(64)]
    assert await guest.do(csi, *steps, ["drop", "s7"], complete(guest.line, "again")) == [None] * 66
    with pytest.raises(InvalidCsiRequest, match="64 streams"):
        await guest.do(ScriptedCsi(complete_stream=[[]] * 65), *steps, complete(guest.line, "one more"))


@on(*SPLIT)
async def test_a_long_stream_arrives_whole(guest: Guest) -> None:
    csi = ScriptedCsi(complete_stream=[[TextPart(str(number)) for number in range(500)]])
    _, events = await guest.do(csi, complete(guest.line), ["rest", "a"])
    assert events == [text(str(number)) for number in range(500)]
