"""Completion and chat streams as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from doubles.scripted_csi import HANG
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import BackendUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPLETION = {"model": "m", "prompt": "p", "params": {"stop": [], "logprobs": "no", "return_special_tokens": False}}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "params": {"logprobs": "no"}}
WITH_TOOLS = {**CHAT, "params": {"logprobs": "no", "tools": [{"name": "add"}]}}
ENDED = [csi.End("stop"), csi.Used(csi.Usage(9, 1))]
END = (
    'event: message_end\ndata: {"finish_reason":"stop"}\n\n'
    'event: usage\ndata: {"usage":{"prompt":9,"completion":1}}\n\n'
)
BEGIN = 'event: message_begin\ndata: {"role":"assistant"}\n\n'
TOKEN = csi.TokenLogprob(csi.Logprob(b"Hi", -0.5))
CALLED = csi.ToolCallPart((csi.ToolCallChunk(0, "c1", "add"), csi.ToolCallChunk(0, arguments="{}")))


def last_event(text: str) -> tuple[str, dict[str, Any]]:
    name, data = text.removesuffix("\n\n").split("\n\n")[-1].split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_completion_is_these_bytes(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    kernel.asking.script["complete_stream"] = [csi.TextPart("Hi\n", (TOKEN,)), csi.TextPart("!"), *ENDED]
    response = await client.post(f"/csi/{version}/completion_stream", json=COMPLETION)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
    assert response.text == (
        'event: append\ndata: {"text":"Hi\\n","logprobs":[{"sampled":{"token":[72,105],"logprob":-0.5},"top":[]}]}\n\n'
        'event: append\ndata: {"text":"!","logprobs":[]}\n\n'
        'event: end\ndata: {"finish_reason":"stop"}\n\n'
        'event: usage\ndata: {"usage":{"prompt":9,"completion":1}}\n\n'
    )
    assert kernel.asking.asked == [("complete_stream", csi.CompleteRequest("m", "p"))]


async def test_a_chat_of_the_first_version_is_these_bytes(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["chat_stream"] = [csi.Begin("assistant"), csi.TextPart("Hi", (TOKEN,)), *ENDED]
    append = '{"content":"Hi","logprobs":[{"sampled":{"token":[72,105],"logprob":-0.5},"top":[]}]}'
    response = await client.post("/csi/v1/chat_stream", json=CHAT)
    assert response.text == f"{BEGIN}event: message_append\ndata: {append}\n\n{END}"


async def test_a_chat_of_the_second_version_is_these_bytes(kernel: Any, client: httpx.AsyncClient) -> None:
    parts = [csi.Begin("assistant"), csi.ReasoningPart("hm"), csi.TextPart("Hi", (TOKEN,)), *ENDED]
    kernel.asking.script["chat_stream"] = parts
    response = await client.post("/csi/v2/chat_stream", json=CHAT)
    assert response.text == (
        f'{BEGIN}event: reasoning\ndata: {{"content":"hm"}}\n\nevent: message_append\ndata: {{"content":"Hi"}}\n\n{END}'
    )
    assert kernel.asking.asked[0][1].split_reasoning is True


@pytest.mark.parametrize(("version", "body"), [("v1", WITH_TOOLS), ("v2", WITH_TOOLS), ("v2", CHAT)])
async def test_tool_calls_come_in_pieces(
    kernel: Any, client: httpx.AsyncClient, version: str, body: dict[str, Any]
) -> None:
    kernel.asking.script["chat_stream"] = [csi.Begin("assistant"), CALLED, csi.End("tool-calls")]
    response = await client.post(f"/csi/{version}/chat_stream", json=body)
    first = '{"index":0,"id":"c1","name":"add","arguments":null}'
    second = '{"index":0,"id":null,"name":null,"arguments":"{}"}'
    assert response.text == (
        f'{BEGIN}event: tool_call\ndata: {{"tool_calls":[{first},{second}]}}\n\n'
        'event: message_end\ndata: {"finish_reason":"tool_calls"}\n\n'
    )


@pytest.mark.parametrize("part", [CALLED, csi.End("tool-calls")])
async def test_the_first_version_expects_no_tool_call_when_no_tools_were_offered(
    kernel: Any, client: httpx.AsyncClient, part: csi.Part
) -> None:
    kernel.asking.script["chat_stream"] = [csi.Begin("assistant"), part]
    name, problem = last_event((await client.post("/csi/v1/chat_stream", json=CHAT)).text)
    assert (name, problem["code"]) == ("error", "backend-answer-invalid")


@pytest.mark.parametrize("before", [[], [csi.Begin("assistant")]])
async def test_a_failure_is_the_last_event_of_a_good_answer(
    kernel: Any, client: httpx.AsyncClient, before: list[csi.Part]
) -> None:
    kernel.asking.script["chat_stream"] = [*before, BackendUnavailable("no answer"), csi.TextPart("late")]
    response = await client.post("/csi/v1/chat_stream", json=CHAT)
    name, problem = last_event(response.text)
    assert response.status_code == 200
    assert (name, problem["message"], problem["code"]) == ("error", "no answer", "backend-unavailable")


async def test_a_bug_is_an_error_event_without_its_inside(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete_stream"] = [ZeroDivisionError("s3cret")]
    response = await client.post("/csi/v1/completion_stream", json=COMPLETION)
    assert last_event(response.text)[1]["code"] == "host-fault"
    assert "s3cret" not in response.text


@pytest.mark.parametrize(
    ("function", "operation", "body"),
    [("completion_stream", "complete_stream", COMPLETION), ("chat_stream", "chat_stream", CHAT)],
)
async def test_a_caller_who_leaves_cancels_the_stream(
    kernel: Any, client: httpx.AsyncClient, function: str, operation: str, body: dict[str, Any]
) -> None:
    kernel.asking.script[operation] = [csi.TextPart("Hi"), HANG]
    async with asyncio.timeout(10):
        async with client.stream("POST", f"/csi/v1/{function}", json=body) as response:
            assert "Hi" in await anext(response.aiter_text())
            await kernel.asking.begun.wait()
        await kernel.asking.cancelled.wait()


async def test_a_stream_that_is_quiet_is_kept_open_by_empty_lines(
    kernel: Any, serve_with: Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
) -> None:
    """Clients that take every block for an event fail on comments."""
    kernel.asking.script["chat_stream"] = [HANG]
    async with (
        asyncio.timeout(10),
        serve_with(kernel, heartbeat_seconds=0.01) as client,
        client.stream("POST", "/csi/v1/chat_stream", json=CHAT) as response,
    ):
        assert response.status_code == 200
        assert set(await anext(response.aiter_text())) == {"\n"}
