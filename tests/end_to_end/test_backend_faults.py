"""Whatever the model endpoint does, the caller learns what happened and nothing stays open."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from components import wat
from doubles.openai_stub import Events, Hang, Reply, Whole, chat_chunks, completion_answer, delta, failure
from pharia_kernel.csi.http.retry import RetryPolicy

from .answers import BEGIN, append, is_problem
from .conftest import Haiku, Start
from .served import Served

QUICK = {"answer_seconds": 0.3, "idle_seconds": 0.3, "retry": RetryPolicy(first_seconds=0.001)}
GOOD = completion_answer("Hello back")
FAULTS: dict[str, tuple[Reply, tuple[int, str]]] = {
    "hangs": (Hang(), (504, "backend-timeout")),
    "hangs amid its answer": (Events([b'{"choices":'], then="hang"), (504, "backend-timeout")),
    "answers garbage": (Whole(b"<html>garbage"), (502, "backend-answer-invalid")),
    "answers other JSON": (Whole({"choices": "none"}), (502, "backend-answer-invalid")),
    "answers 500": (Whole(failure("on fire"), status=500), (502, "backend-failed")),
    "answers 500 with garbage": (Whole(b"\xff\x00", status=500), (502, "backend-failed")),
    "answers 503 whenever asked": (Whole(failure("busy"), status=503), (503, "backend-unavailable")),
    "answers 429 whenever asked": (Whole(failure("slow down"), status=429), (429, "backend-rate-limited")),
    "refuses the token": (Whole(failure("who?"), status=401), (502, "backend-unauthorized")),
    "does not know the model": (Whole(failure("what?", "model_not_found"), status=404), (404, "model-not-found")),
    "breaks the connection amid its answer": (Events([b'{"choices":'], then="reset"), (502, "backend-failed")),
    "ends amid its answer": (Events([b'{"choices":'], then="close"), (502, "backend-answer-invalid")),
}
STREAM_FAULTS: dict[str, tuple[Reply, int, str]] = {
    "hangs": (Hang(), 0, "backend-timeout"),
    "answers 500": (Whole(failure("on fire"), status=500), 0, "backend-failed"),
    "answers garbage": (Events([b"data: garbage\n\n"]), 0, "backend-answer-invalid"),
    "breaks the connection amid its answer": (Events(chat_chunks("Oat", " milk")[:3], "reset"), 2, "backend-failed"),
    "ends amid its answer": (Events(chat_chunks("Oat", " milk")[:3], "close"), 2, "backend-failed"),
    "hangs amid its answer": (Events(chat_chunks("Oat", " milk")[:3], "hang"), 2, "backend-timeout"),
    "answers garbage amid its answer": (
        Events([*chat_chunks("Oat", " milk")[:3], b"data: {{{\n\n"], "hang"),
        2,
        "backend-answer-invalid",
    ),
    "reports an error amid its answer": (
        Events([delta(role="assistant"), delta(content="Oat"), failure("on fire")], "hang"),
        1,
        "backend-failed",
    ),
}


async def gives_an_answer(kernel: Served) -> bool:
    kernel.stub.replies = [Whole(GOOD)]
    answer = await kernel.run("asking")
    return (answer.status_code, answer.json()) == (200, "Hello back")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_backend_is_a_problem_of_its_caller_alone(start: Start, fault: str) -> None:
    reply, expected = FAULTS[fault]
    kernel = await start(options=QUICK)
    kernel.put("asking", wat.ASKING)
    kernel.stub.replies = [reply]
    assert is_problem(await kernel.run("asking"), *expected)
    assert await kernel.is_healthy()
    assert await gives_an_answer(kernel)
    await kernel.until_idle()


async def test_the_deadline_of_the_call_holds_for_a_backend_that_hangs(start: Start) -> None:
    kernel = await start(deadline_seconds=0.3)
    kernel.put("asking", wat.ASKING)
    kernel.stub.replies = [Hang()]
    assert is_problem(await kernel.run("asking"), 504, "deadline-exceeded")
    await kernel.stub.until(lambda stub: stub.disconnects == 1)
    assert await gives_an_answer(kernel)
    await kernel.until_idle()


async def test_a_backend_that_is_not_there_is_a_problem_of_its_callers_alone(start: Start) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        kernel = await start(options={**QUICK, "url": f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"})
        kernel.put("asking", wat.ASKING)
        assert is_problem(await kernel.run("asking"), 503, "backend-unavailable")
    assert await kernel.is_healthy()
    await kernel.until_idle()


async def test_a_backend_that_recovers_in_time_is_not_noticed(start: Start) -> None:
    kernel = await start(options={"retry": RetryPolicy(first_seconds=0.001)})
    kernel.put("asking", wat.ASKING)
    kernel.stub.replies = [Whole(failure("busy"), status=503), Whole(failure("slow down"), status=429), Whole(GOOD)]
    assert (await kernel.run("asking")).json() == "Hello back"


@pytest.mark.parametrize("fault", STREAM_FAULTS)
async def test_a_stream_keeps_what_arrived_and_ends_with_one_error(start: Start, haiku: Haiku, fault: str) -> None:
    reply, appended, code = STREAM_FAULTS[fault]
    kernel = await start(options=QUICK, haiku=haiku)
    kernel.stub.replies = [reply]
    *events, last = await kernel.events("haiku", {"topic": "oat milk"})
    assert events == ([BEGIN] * bool(appended) + [append("Oat"), append(" milk")][:appended])
    assert (last.name, last.data["code"]) == ("error", code)
    assert await kernel.is_healthy()
    assert await streams_an_answer(kernel)
    await kernel.until_idle()


async def streams_an_answer(kernel: Served) -> bool:
    kernel.stub.replies = [Events(chat_chunks("Oat", " milk"))]
    *events, end = await kernel.events("haiku", {"topic": "oat milk"})
    payload: Any = end.data["payload"]
    return events == [BEGIN, append("Oat"), append(" milk")] and payload == {"finish_reason": "stop"}
