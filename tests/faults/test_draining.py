"""How the kernel goes when it is told to."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import httpx
import pytest

from components import wat
from doubles.openai_stub import OpenAiStub, Whole, completion_answer

from .raw import answers, exchange, head
from .running import Running, gone, running, until

ENDS = {"one process": (), "workers": ("--workers", "2")}
BEFORE = 40
"""Calls until the signal."""
each_way = pytest.mark.parametrize("options", ENDS.values(), ids=list(ENDS))


def skills(folder: Path, **code: bytes) -> str:
    directory = folder / "skills"
    directory.mkdir()
    for name, binary in code.items():
        (directory / f"{name}.wasm").write_bytes(binary)
    return str(directory)


async def refuses_connections(kernel: Running) -> bool:
    try:
        _, writer = await asyncio.open_connection(*kernel.address)
    except ConnectionError:
        return True
    writer.close()
    return False


@each_way
async def test_it_is_told_to_stop(tmp_path: Path, options: tuple[str, ...]) -> None:
    async with running(tmp_path, *options, SHUTDOWN__DELAY_SECONDS="600") as kernel:
        ready = (await kernel.get("/readyz")).json()
        workers = len(kernel.workers()) if options else 1
        assert (ready["ready"], ready["state"]) == (True, "serving")
        assert ready["workers"] == {"configured": workers, "serving": workers}
        async with kernel.client() as client:
            first = await client.get("/readyz")
            assert "connection" not in first.headers
            kernel.process.send_signal(signal.SIGTERM)

            async def is_not_ready() -> bool:
                ready = await client.get("/readyz")
                return (ready.status_code, ready.json()["state"]) == (503, "draining")

            async def closes() -> bool:
                return (await client.get("/health")).headers.get("connection") == "close"

            assert await until(is_not_ready)
            assert await until(closes)
        assert await kernel.greets()
        processes = kernel.workers()
        kernel.process.send_signal(signal.SIGTERM)
        assert await kernel.process.wait() == -signal.SIGTERM
        assert await gone(processes)


@each_way
async def test_what_is_under_way_ends_and_nothing_new_begins(tmp_path: Path, options: tuple[str, ...]) -> None:
    release = asyncio.Event()
    content = b'"hello"'
    async with OpenAiStub(Whole(completion_answer("Hello back"), until=release)) as stub:
        settings = {
            "INFERENCE": "openai",
            "OPENAI_INFERENCE__URL": stub.url,
            "OPENAI_INFERENCE__TOKEN": "sk-test",
            "NAMESPACES__DEV__DIRECTORY": skills(tmp_path, asking=wat.ASKING),
            "SHUTDOWN__DELAY_SECONDS": "10ms",
        }
        async with running(tmp_path, *options, **settings) as kernel:
            call = asyncio.create_task(kernel.post("/v1/skills/dev/asking/run"))
            assert await until(lambda: stub.open == 1)
            reader, writer = await asyncio.open_connection(*kernel.address)
            writer.write(head("/v1/skills/dev/asking/run", len(content), expect="100-continue"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")  # it has read the head
            writer.write(content[:3])
            kernel.process.send_signal(signal.SIGTERM)
            assert await until(lambda: refuses_connections(kernel))
            writer.write(content[3:])
            late = (await reader.read()).decode().lower()
            assert late.startswith("http/1.1 503 ")
            assert "\r\nretry-after: 1\r\n" in late
            assert "\r\nconnection: close\r\n" in late
            writer.close()
            release.set()
            answer = await call
            assert (answer.status_code, answer.json()) == (200, "Hello back")
            assert await kernel.process.wait() == 0


@each_way
async def test_a_stream_that_outlives_the_grace_period_gets_a_last_event(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    directory = skills(tmp_path, stuck=wat.STUCK_STREAM)
    settings = {"NAMESPACES__DEV__DIRECTORY": directory, "LIMITS__GRACE_SECONDS": "1s"}
    async with running(tmp_path, *options, **settings) as kernel, kernel.client() as client:
        async with client.stream("POST", "/v1/skills/dev/stuck/message-stream", json="hello") as response:
            events = response.aiter_bytes()
            received = await anext(events)
            kernel.process.send_signal(signal.SIGTERM)
            try:
                async for data in events:
                    received += data
            except httpx.HTTPError as error:
                raise AssertionError(f"cut off after {received!r}") from error
        last = received.removesuffix(b"\n\n").rpartition(b"\n\n")[2]
        assert last.startswith(b"event: error\n")
        assert b'"code":"saturated"' in last
        assert await kernel.process.wait() == 0


@each_way
async def test_it_is_told_to_stop_under_load(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Fifty calls a second: those from before are answered, those after it are, or find a closed door; none twice."""
    async with OpenAiStub(Whole(completion_answer("Hello back"), delay=0.1)) as stub:
        settings = {
            "INFERENCE": "openai",
            "OPENAI_INFERENCE__URL": stub.url,
            "OPENAI_INFERENCE__TOKEN": "sk-test",
            "NAMESPACES__DEV__DIRECTORY": skills(tmp_path, asking=wat.ASKING),
            "SHUTDOWN__DELAY_SECONDS": "500ms",
        }
        async with running(tmp_path, *options, **settings) as kernel, asyncio.TaskGroup() as tasks:
            ended = tasks.create_task(kernel.process.wait())
            calls: list[asyncio.Task[bytes]] = []
            while not ended.done():
                if len(calls) == BEFORE:
                    kernel.process.send_signal(signal.SIGTERM)
                call = exchange(kernel.address, "/v1/skills/dev/asking/run", f"call {len(calls)}")
                calls.append(tasks.create_task(call))
                await asyncio.sleep(0.02)
            assert ended.result() == 0
    whole = [answers(call.result()) for call in calls]
    served, busy = [(200, b'"Hello back"')], 503
    assert all(each == served for each in whole[:BEFORE])
    assert all(each in ([], served) or [status for status, _ in each] == [busy] for each in whole[BEFORE:])
    assert whole[-1] == []
    asked = Counter(request.body["prompt"] for request in stub.received)
    assert max(asked.values()) == 1
