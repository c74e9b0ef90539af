"""A client that leaves takes its call with it: the guest stops, the backend is let go, long before the deadline."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from components import wat
from doubles.openai_stub import Events, Hang, delta

from .answers import BEGIN, append
from .conftest import Haiku, Start
from .served import Served

ENDLESS = {"loop": wat.ENDLESS, "sleep": wat.sleeper(3600 * 10**9)}
TEXT = "x" * 1000


async def leave(call: asyncio.Task[httpx.Response]) -> None:
    """Close the connection."""
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()


@pytest.mark.parametrize("endless", ENDLESS)
async def test_leaving_a_call_stops_the_guest(start: Start, endless: str) -> None:
    kernel = await start()
    kernel.put("endless", ENDLESS[endless])
    call = asyncio.create_task(kernel.run("endless"))
    await kernel.until_running(1)
    await leave(call)
    await kernel.until_idle()
    assert await kernel.is_healthy()


async def test_leaving_a_call_reaches_the_backend(start: Start) -> None:
    kernel = await start()
    kernel.put("asking", wat.ASKING)
    kernel.stub.replies = [Hang()]
    call = asyncio.create_task(kernel.run("asking"))
    await kernel.stub.until(lambda stub: stub.open == 1)
    await leave(call)
    await kernel.stub.until(lambda stub: stub.disconnects == 1)
    await kernel.until_idle()
    assert await kernel.is_healthy()


async def test_leaving_the_queue_leaves_the_others_in_it(start: Start) -> None:
    kernel = await start(concurrent_calls=1)
    kernel.put("endless", wat.ENDLESS)
    first = asyncio.create_task(kernel.run("endless"))
    await kernel.until_running(1)
    second, third = asyncio.create_task(kernel.run("endless")), asyncio.create_task(kernel.run("healthy"))
    await kernel.until(lambda: kernel.kernel.status().queued_calls == 2)
    await leave(second)
    await kernel.until(lambda: kernel.kernel.status().queued_calls == 1)
    await leave(first)
    assert (await third).status_code == 200
    await kernel.until_idle()


@pytest.mark.parametrize("code", [wat.ENDLESS_STREAM, wat.STUCK_STREAM], ids=["writes", "computes"])
async def test_leaving_a_stream_stops_the_guest(start: Start, code: bytes) -> None:
    kernel = await start()
    kernel.put("endless", code)
    async with kernel.stream("endless", TEXT) as events:
        assert [await anext(events), await anext(events)] == [BEGIN, append(f'"{TEXT}"')]
        await kernel.until_running(1)
    await kernel.until_idle()
    assert await kernel.is_healthy()


async def test_leaving_a_stream_reaches_the_backend(start: Start, haiku: Haiku) -> None:
    kernel = await start(haiku=haiku)
    kernel.stub.replies = [Events([delta(role="assistant"), delta(content="Oat")], then="hang")]
    async with kernel.stream("haiku", {"topic": "oat milk"}) as events:
        assert [await anext(events), await anext(events)] == [BEGIN, append("Oat")]
        assert kernel.stub.open == 1
    await kernel.stub.until(lambda stub: stub.disconnects == 1)
    await kernel.until_idle()
    assert await kernel.is_healthy()


@asynccontextmanager
async def small_window(kernel: Served, name: str) -> AsyncIterator[asyncio.StreamReader]:
    """A client that takes a few kilobytes and then no more until it is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, kernel.address)
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    body = json.dumps(TEXT).encode()
    head = f"POST /v1/skills/dev/{name}/message-stream HTTP/1.1\r\nHost: kernel\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
    try:
        yield reader
    finally:
        writer.close()


async def test_a_client_that_does_not_read_holds_the_guest_back_and_is_given_up(start: Start) -> None:
    kernel = await start(body_seconds=0.3)
    kernel.put("endless", wat.ENDLESS_STREAM)
    async with kernel.stream("endless", TEXT) as events:
        assert await anext(events) == BEGIN
    await kernel.until_idle()
    before = kernel.held()
    async with small_window(kernel, "endless") as reader:
        await kernel.until_running(1)
        await kernel.until(lambda: kernel.held().is_within(replace(before, files=before.files + 1)))  # its own end
        assert await kernel.is_healthy()
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_a_client_that_reads_slowly_gets_everything(start: Start) -> None:
    kernel = await start()
    kernel.put("endless", wat.ENDLESS_STREAM)
    text = "x" * 50_000
    async with kernel.post("endless/message-stream", text) as response:
        size = 0
        async for piece in response.aiter_raw(4096):
            size += len(piece)
            await asyncio.sleep(0)
    assert size > 2_600_000
    await kernel.until_idle()
