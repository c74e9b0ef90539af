"""Five hundred rounds of everything that can go wrong, in one process: nothing is left, and it still serves."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Iterable

import aiohttp
import pytest

from components import wat
from doubles.openai_stub import Choose, Events, Hang, Whole, failure

from .conftest import Start
from .served import Served

ROUNDS = 500
WARM_UP = 20
INPUT_BYTES = 10_000
WORKING = {
    "endless": wat.ENDLESS,
    "sleeping": wat.sleeper(3600 * 10**9),
    "asking": wat.ASKING,
    "stream": wat.STREAM_ECHO,
}
FAILING = {
    "bomb": wat.EATS_MEMORY,
    "trap": wat.TRAPPING,
    "exit": wat.EXIT,
    "large-output": wat.LARGE_OUTPUT,
    "no-json": wat.NOT_JSON,
}
# Of those below, which go the same way through the kernel, each round takes the next.
BROKEN = {
    "garbage": b"garbage",
    "module": wat.component("(module)"),
    "unknown-version": wat.handler(wat.ECHO, version="0.6.0"),
}
ENDLESS_STREAMS = {"writes": wat.ENDLESS_STREAM, "computes": wat.STUCK_STREAM}
FAILING_STREAMS = {"traps": wat.TRAPPING_STREAM, "disorderly": wat.DISORDERLY_STREAM}
BACKEND_FAULTS: dict[str, Whole | Events] = {
    "garbage": Whole(b"garbage"),
    "500": Whole(failure("on fire"), status=500),
    "reset": Events([b'{"choices":'], then="reset"),
    "cut": Events([b'{"choices":'], then="close"),
}


class Backend:
    """Does what the prompt says."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def reply(self, body: dict[str, str]) -> Whole | Events | Hang:
        self.asked.add(body["prompt"])
        return BACKEND_FAULTS.get(body["prompt"]) or Hang()


class Round:
    """One of everything; each says whether it went as it should."""

    def __init__(self, number: int, client: aiohttp.ClientSession, backend: Backend) -> None:
        self._number = number
        self._client = client
        self._backend = backend

    async def play(self) -> list[bool]:
        ended = await asyncio.gather(
            self._ends_with("healthy", 200),
            self._ends_with("healthy", 413, "x" * 2 * INPUT_BYTES),
            *(self._ends_with(name, 500) for name in FAILING),
            self._ends_with(self._one_of(BROKEN), 500),
            self._ends_with("asking", 502, self._one_of(BACKEND_FAULTS)),
            self._stream_ends_with(self._one_of(FAILING_STREAMS), b"event: error"),
            self._stream_ends_with("stream", b"event: message"),
        )
        left = await asyncio.gather(self._are_left(), self._stream_is_left(self._one_of(ENDLESS_STREAMS)))
        return [*ended, *left]

    def _one_of(self, names: Iterable[str]) -> str:
        every = list(names)
        return every[self._number % len(every)]

    async def _ends_with(self, name: str, status: int, input: str = "hello") -> bool:
        async with self._client.post(f"/v1/skills/dev/{name}/run", json=input) as answer:
            await answer.read()
            return answer.status == status

    async def _are_left(self) -> bool:
        """The connections are closed while the skills run: the last has got as far as the backend."""
        hanging = f"hang in round {self._number}"
        inputs = {"endless": "", "sleeping": "", "asking": hanging}
        calls = [asyncio.create_task(self._ends_with(name, 200, input)) for name, input in inputs.items()]
        while hanging not in self._backend.asked:  # noqa: ASYNC110 - an event per round would say no more
            await asyncio.sleep(0.001)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        return all(call.cancelled() for call in calls)

    async def _stream_ends_with(self, name: str, event: bytes) -> bool:
        async with self._client.post(f"/v1/skills/dev/{name}/message-stream", json="hello") as answer:
            *_, last = (await answer.read()).removesuffix(b"\n\n").split(b"\n\n")
            return last.startswith(event)

    async def _stream_is_left(self, name: str) -> bool:
        """The connection is closed after the first event."""
        async with self._client.post(f"/v1/skills/dev/{name}/message-stream", json="hello") as answer:
            first = await answer.content.readline()
            answer.close()
            return first == b"event: message\n"


async def play(kernel: Served, numbers: range, backend: Backend) -> None:
    """One round after the other, until all are over and everything is given back."""
    async with aiohttp.ClientSession(str(kernel.client.base_url), timeout=aiohttp.ClientTimeout(60)) as client:
        for number in numbers:
            assert all(await Round(number, client, backend).play())
    await kernel.until_idle()


async def test_nothing_is_left_after_five_hundred_rounds(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("pharia_kernel", "asyncio"):
        caplog.set_level(logging.CRITICAL, name)  # thousands of failures, all of them wanted
    backend = Backend()
    kernel = await start(input_bytes=INPUT_BYTES)
    kernel.stub.replies = [Choose(backend.reply)]
    for name, code in {**WORKING, **FAILING, **BROKEN, **ENDLESS_STREAMS, **FAILING_STREAMS}.items():
        kernel.put(name, code)
    assert await kernel.is_healthy()
    await play(kernel, range(WARM_UP), backend)
    gc.collect()  # what earlier tests left may go at any time
    before = kernel.held()
    await play(kernel, range(WARM_UP, WARM_UP + ROUNDS), backend)
    gc.collect()
    with contextlib.suppress(TimeoutError):
        await kernel.until(lambda: kernel.held().is_within(before))
    assert kernel.held().is_within(before), (kernel.held(), before)
    assert await kernel.is_healthy()
