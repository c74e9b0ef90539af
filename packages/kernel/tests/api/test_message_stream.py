from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from pharia_kernel.errors import SkillReportedError
from pharia_kernel.types import (
    Caller,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    Reasoning,
    StreamEvent,
    ToolBegin,
    ToolEnd,
    ToolFailed,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = "/v1/skills/test-beta/hello/message-stream"
URL = "/v1/skills/dev/stream/message-stream"
MESSAGE = "event: message\ndata: "


def streaming(kernel: Any, *events: Any, then: Exception | None = None) -> None:
    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        for event in events:
            yield event
        if then is not None:
            raise then

    kernel.streams["dev/stream"] = source


async def test_hello_is_these_bytes(client: httpx.AsyncClient) -> None:
    response = await client.post(HELLO, json="Homer")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    letters = "".join(f'{MESSAGE}{{"type":"append","text":"{letter}"}}\n\n' for letter in "Hello")
    assert response.content.decode() == (
        f'{MESSAGE}{{"type":"begin"}}\n\n{letters}{MESSAGE}{{"type":"end","payload":null}}\n\n'
    )


async def test_every_event_has_its_name_and_shape(kernel: Any, client: httpx.AsyncClient) -> None:
    streaming(
        kernel,
        ToolBegin("add"),
        ToolEnd("add"),
        ToolFailed("add", 'no "b"'),
        MessageBegin(),
        Reasoning("hm\n"),
        MessageAppend("zwölf\r\n"),
        MessageEnd(msgspec.Raw(b'{"a": [1]}')),
    )
    assert (await client.post(URL, json=1)).text == (
        'event: tool\ndata: {"type":"begin","name":"add"}\n\n'
        'event: tool\ndata: {"type":"end","name":"add"}\n\n'
        'event: tool\ndata: {"type":"error","name":"add","message":"no \\"b\\""}\n\n'
        'event: message\ndata: {"type":"begin"}\n\n'
        'event: reasoning\ndata: {"type":"reasoning","text":"hm\\n"}\n\n'
        'event: message\ndata: {"type":"append","text":"zwölf\\r\\n"}\n\n'
        'event: message\ndata: {"type":"end","payload":{"a": [1]}}\n\n'
    )


async def test_a_payload_of_many_lines_stays_one_event(kernel: Any, client: httpx.AsyncClient) -> None:
    streaming(kernel, MessageEnd(msgspec.Raw(b'{\n "a": 1\r\n}')))
    assert (await client.post(URL, json=1)).text == f'{MESSAGE}{{"type":"end","payload":{{"a":1}}}}\n\n'


def last_event(response: httpx.Response) -> tuple[str, dict[str, Any]]:
    name, data = response.text.removesuffix("\n\n").split("\n\n")[-1].split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_a_failure_is_the_last_event(kernel: Any, client: httpx.AsyncClient, failed: Any) -> None:
    streaming(kernel, MessageBegin(), failed(SkillReportedError("no milk")), MessageAppend("late"))
    response = await client.post(URL, json=1)
    assert response.status_code == 200
    assert last_event(response) == (
        "error",
        {
            "type": "/api-docs#skill-reported-error",
            "title": "The skill reported an error",
            "status": 400,
            "detail": "no milk",
            "code": "skill-reported-error",
            "trace_id": response.headers["traceparent"].split("-")[1],
            "message": "no milk",
        },
    )


async def test_a_warning_is_a_header(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.warnings["test-beta/hello"] = "an older version answers"
    response = await client.post(HELLO, json=1)
    assert response.headers["x-skill-warning"] == "an older version answers"


async def test_an_unknown_skill_is_an_error_event(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, json=1)
    name, problem = last_event(response)
    assert (response.status_code, name, problem["code"]) == (200, "error", "skill-not-found")


async def test_a_bug_is_an_error_event_without_its_inside(kernel: Any, client: httpx.AsyncClient) -> None:
    streaming(kernel, MessageBegin(), then=ZeroDivisionError("s3cret"))
    response = await client.post(URL, json=1)
    name, problem = last_event(response)
    assert (name, problem["code"]) == ("error", "host-fault")
    assert "s3cret" not in response.text


async def test_a_request_that_is_not_understood_is_a_plain_problem(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, content=b"{", headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid-json")


async def test_events_arrive_while_the_skill_goes_on(kernel: Any, client: httpx.AsyncClient) -> None:
    go_on = asyncio.Event()

    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        yield MessageBegin()
        await go_on.wait()
        yield MessageEnd()

    kernel.streams["dev/stream"] = source
    async with asyncio.timeout(10), client.stream("POST", URL, json=1) as response:
        chunks = response.aiter_text()
        assert await anext(chunks) == f'{MESSAGE}{{"type":"begin"}}\n\n'
        go_on.set()
        assert await anext(chunks) == f'{MESSAGE}{{"type":"end","payload":null}}\n\n'


async def test_the_skill_stops_when_the_client_leaves(kernel: Any, client: httpx.AsyncClient) -> None:
    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        yield MessageBegin()
        await asyncio.Event().wait()

    kernel.streams["dev/stream"] = source
    async with asyncio.timeout(10):
        async with client.stream("POST", URL, json=1) as response:
            await anext(response.aiter_text())
            assert not kernel.left.is_set()
        await kernel.left.wait()


async def test_clients_that_leave_leave_nothing_behind(kernel: Any, client: httpx.AsyncClient) -> None:
    running = 0

    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        nonlocal running
        running += 1
        try:
            yield MessageBegin()
            await asyncio.Event().wait()
        finally:
            running -= 1

    kernel.streams["dev/stream"] = source
    tasks = asyncio.all_tasks()
    async with asyncio.timeout(30):
        for _ in range(100):
            async with client.stream("POST", URL, json=1) as response:
                await anext(response.aiter_text())
        if left := asyncio.all_tasks() - tasks:
            await asyncio.wait(left)
    assert running == 0


async def test_comments_keep_an_idle_stream_open(kernel: Any, serve_with: Any) -> None:
    heard = asyncio.Event()

    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        await heard.wait()
        yield MessageBegin()

    kernel.streams["dev/stream"] = source
    async with serve_with(kernel, heartbeat_seconds=0.02) as client, asyncio.timeout(10):
        async with client.stream("POST", URL, json=1) as response:
            text = ""
            async for chunk in response.aiter_text():
                text += chunk
                if text.startswith(": \n\n: \n\n"):
                    heard.set()
        assert text.replace(": \n\n", "") == f'{MESSAGE}{{"type":"begin"}}\n\n'


async def test_a_client_that_does_not_read_is_given_up(kernel: Any, serve_with: Any) -> None:
    async def source(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        while True:
            yield MessageAppend("x" * 100_000)

    kernel.streams["dev/stream"] = source
    async with (
        serve_with(kernel, body_seconds=0.1, heartbeat_seconds=0.05, grace_seconds=0.1) as client,
        asyncio.timeout(20),
    ):
        host, port = client.base_url.host, client.base_url.port
        _, writer = await asyncio.open_connection(host, port, limit=1)
        writer.write(
            f"POST {URL} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n1".encode()
        )
        await kernel.left.wait()
        writer.close()
