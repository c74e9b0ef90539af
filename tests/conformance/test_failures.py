"""A failure of the CSI ends the run, whatever the skill would do about it."""

from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.csi.types import (
    ChatAnswer,
    Chunk,
    CompleteAnswer,
    Cursor,
    DocPath,
    Hit,
    Logprob,
    Score,
    TokenLogprob,
    Usage,
)
from pharia_kernel.errors import BackendAnswerInvalid, InvalidCsiRequest, ModelNotFound, NotConfigured
from pharia_kernel.runtimes.wasm.worlds.lines import lines

from .calls import calls, hello
from .guest import EVERY, Guest, on
from .scripted_csi import ScriptedCsi


@pytest.mark.parametrize("line", EVERY)
async def test_no_function_of_a_line_is_forgotten_here(line: str) -> None:
    exported = {"skill-handler", "message-stream", "streaming-output"}
    functions = {
        (interface, function)
        for interface, kind in lines()[line].interfaces.items()
        for function in kind.functions
        if interface not in exported and not function.startswith("[")
    }
    assert {(step[1], step[2]) for _, step in calls(line)} == functions


@on(*EVERY)
async def test_a_failure_of_any_function_ends_the_run_and_can_not_be_caught(guest: Guest) -> None:
    for operation, step in calls(guest.line):
        failure = ModelNotFound(f"{operation} does not work")
        csi = ScriptedCsi(**{operation: failure})
        with pytest.raises(ModelNotFound) as caught:
            await guest.do(csi, ["survive", step], ["survive", step])
        assert caught.value is failure
        assert [name for name, _ in csi.asked] == [operation]


@on(*EVERY)
async def test_the_next_run_is_not_hurt(guest: Guest) -> None:
    (operation, step), *_ = calls(guest.line)
    with pytest.raises(NotConfigured):
        await guest.do(ScriptedCsi(**{operation: NotConfigured("no backend")}), step)
    assert await guest.do(ScriptedCsi(), ["count"]) == [1]


PLACE = DocPath("space", "books", "one")


@on("0.3", "0.4", "0.5")
@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("complete", CompleteAnswer("", "stop", usage=Usage(-1, 0))),
        ("complete", CompleteAnswer("", "stop", usage=Usage(0, 2**32))),
        ("complete", CompleteAnswer("", "gone")),  # type: ignore[arg-type]
        ("complete", CompleteAnswer(None, "stop")),  # type: ignore[arg-type]
        ("complete", CompleteAnswer("", "stop", (TokenLogprob(Logprob("text", 0.0)),))),  # type: ignore[arg-type]
        ("complete", CompleteAnswer("", "stop", (TokenLogprob(Logprob(b"", "0")),))),  # type: ignore[arg-type]
        ("chat", ChatAnswer("", "stop", usage=Usage(0, True))),
        ("chunk-with-offsets", [Chunk("", 2**64)]),
        ("chunk-with-offsets", [Chunk("", 0, -1)]),
        ("select-language", 7),
        ("search", [Hit(PLACE, "", 0.5, Cursor(2**32, 0))]),
        ("search", [Hit(PLACE, "", None)]),  # type: ignore[arg-type]
        ("explain", [Score(-1, 0, 0.0)]),
    ],
)
async def test_an_answer_that_does_not_fit_ends_the_run(guest: Guest, function: str, answer: Any) -> None:
    found = [(operation, step) for operation, step in calls(guest.line) if step[2] == function]
    for operation, step in found:
        with pytest.raises(BackendAnswerInvalid):
            await guest.do(ScriptedCsi(**{operation: [answer]}), ["survive", step])
    assert found or function == "explain"


@on("0.3", "0.4", "0.5")
async def test_text_that_is_not_unicode_arrives_with_a_replacement(guest: Guest) -> None:
    step = ["call", "language", "select-language", [{"text": "text", "languages": []}]]
    assert await guest.do(ScriptedCsi(select_language=["a\ud800b"]), step) == [["a?b"]]


@on("0.4", "0.5")
async def test_a_list_with_one_bad_request_does_not_reach_the_csi(guest: Guest) -> None:
    _, _, _, (good,) = hello(guest.line)
    bad = {**good, "messages": [{"other": {"role": "critic", "content": ""}}]}
    csi = ScriptedCsi(chat=[])
    with pytest.raises(InvalidCsiRequest):
        await guest.do(csi, ["survive", ["call", "inference", "chat", [good, bad]]])
    assert csi.asked == []
