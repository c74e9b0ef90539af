"""Whatever a skill does to itself, its caller learns what happened and the others are served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from components import wat

from .answers import BEGIN, Event, append, is_problem
from .conftest import Start

LOAD_FAILED = (500, "skill-load-failed")
BROKEN = {
    "garbage bytes": (b"garbage", LOAD_FAILED),
    "empty file": (b"", LOAD_FAILED),
    "cut off": (wat.TEXT_ECHO[: len(wat.TEXT_ECHO) // 2], LOAD_FAILED),
    "core module": (wat.component("(module)"), LOAD_FAILED),
    "no world": (wat.component("(component)"), LOAD_FAILED),
    "unknown WIT version": (wat.handler(wat.ECHO, version="0.6.0"), LOAD_FAILED),
    "trap": (wat.TRAPPING, (500, "skill-trapped")),
    "os._exit": (wat.EXIT, (500, "skill-exited")),
    "memory bomb": (wat.EATS_MEMORY, (500, "skill-trapped")),
    "too much memory from the start": (wat.BIG_MEMORY, LOAD_FAILED),
    "3 MB output": (wat.LARGE_OUTPUT, (500, "skill-output-too-large")),
    "output that is not JSON": (wat.NOT_JSON, (500, "skill-invalid-output")),
    "empty output": (wat.EMPTY_OUTPUT, (500, "skill-invalid-output")),
    "rejected input": (wat.REJECTING, (400, "skill-rejected-input")),
}
ENDLESS = {"loop": wat.ENDLESS, "sleep": wat.sleeper(3600 * 10**9)}
APPEND = append('"hello"')


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_fault_is_a_problem_of_its_caller_alone(start: Start, fault: str) -> None:
    code, expected = BROKEN[fault]
    kernel = await start()
    kernel.put("broken", code)
    for _ in range(2):
        assert is_problem(await kernel.run("broken"), *expected)
        assert await kernel.is_healthy()
    await kernel.until_idle()


@pytest.mark.parametrize("fault", ENDLESS)
async def test_what_never_ends_is_stopped_at_the_deadline(start: Start, fault: str) -> None:
    kernel = await start(deadline_seconds=0.5)
    kernel.put("endless", ENDLESS[fault])
    assert is_problem(await kernel.run("endless"), 504, "deadline-exceeded")
    assert await kernel.is_healthy()
    await kernel.until_idle()


@pytest.mark.parametrize("fault", ENDLESS)
async def test_others_are_served_while_something_does_not_end(start: Start, fault: str) -> None:
    kernel = await start()
    kernel.put("endless", ENDLESS[fault])
    runs = [asyncio.create_task(kernel.run("endless")) for _ in range(8)]
    await kernel.until_running(8)
    assert await kernel.is_healthy()
    assert not any(run.done() for run in runs)
    for run in runs:
        run.cancel()
    await asyncio.wait(runs)
    await kernel.until_idle()


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
async def test_an_input_of_50_mb_is_refused(start: Start, announced: bool) -> None:
    kernel = await start()
    piece = b"[" * 1_000_000

    async def body() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield piece

    headers = {"Content-Type": "application/json"}
    if announced:
        headers["Content-Length"] = str(50 * len(piece))
    response = await kernel.client.post("/v1/skills/dev/healthy/run", content=body(), headers=headers)
    assert is_problem(response, 413, "payload-too-large")
    assert await kernel.is_healthy()


async def test_answers_and_requests_just_below_the_limits_pass(start: Start) -> None:
    kernel = await start()
    text = "x" * 2_600_000
    assert (await kernel.run("healthy", text)).json() == text


@pytest.mark.parametrize(
    ("code", "before", "error"),
    [
        (wat.TRAPPING_STREAM, [BEGIN, APPEND], "skill-trapped"),
        (wat.STUCK_STREAM, [BEGIN, APPEND], "deadline-exceeded"),
        (wat.DISORDERLY_STREAM, [BEGIN, APPEND], "skill-protocol-violation"),
        (wat.TEXT_ECHO, [], "wrong-skill-kind"),
        (b"garbage", [], "skill-load-failed"),
    ],
    ids=["trap", "endless loop", "wrong order", "function", "garbage"],
)
async def test_a_stream_keeps_what_it_had_and_ends_with_one_error(
    start: Start, code: bytes, before: list[Event], error: str
) -> None:
    kernel = await start(deadline_seconds=0.5)
    kernel.put("broken", code)
    *events, last = await kernel.events("broken")
    assert events == before
    assert (last.name, last.data["code"]) == ("error", error)
    assert last.data["message"]
    assert await kernel.is_healthy()
    await kernel.until_idle()


async def test_a_stream_that_writes_too_much_ends_with_one_error(start: Start) -> None:
    kernel = await start()
    kernel.put("endless", wat.ENDLESS_STREAM)
    text = "x" * 500_000
    *events, last = await kernel.events("endless", text)
    assert events == [BEGIN, *[append(f'"{text}"')] * 5]
    assert last.data["code"] == "skill-output-too-large"
    assert await kernel.is_healthy()
    await kernel.until_idle()


async def test_a_healthy_stream_has_no_error(start: Start) -> None:
    kernel = await start()
    kernel.put("stream", wat.STREAM_ECHO)
    assert await kernel.events("stream") == [BEGIN, APPEND, Event("message", {"type": "end", "payload": None})]
