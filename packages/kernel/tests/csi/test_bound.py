"""The CSI of one invocation, over a real HTTP backend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from doubles.endpoint import Endpoint
from doubles.openai_stub import Events, Hang, Whole, chat_answer, chat_chunks, completion_answer, delta, failure
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.tools import NativeTools, Toolbox
from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    ChunkRequest,
    CompleteRequest,
    DocPath,
    ExplainRequest,
    IndexPath,
    LanguageRequest,
    SearchRequest,
    TextPart,
    ToolError,
    ToolOutput,
    ToolRequest,
    Turn,
)
from pharia_kernel.errors import BackendFailed, NotConfigured, UnsupportedOperation
from pharia_kernel.types import Caller, ToolBegin, ToolEnd, ToolEvent, ToolFailed

_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_ADD = ToolRequest("add", (("a", b"1"), ("b", b"2")))
_SABOTEUR = ToolRequest("saboteur", ())
_PATH = DocPath("n", "c", "d")


def _without_models(sink: Callable[[ToolEvent], Awaitable[None]] | None = None) -> InvocationCsi:
    return InvocationCsi(Drivers(AbsentBackend(), Toolbox([NativeTools()])), Caller(), "test-beta", sink)


async def _bound(endpoint: Endpoint, *replies: Whole | Events | Hang) -> InvocationCsi:
    return InvocationCsi(Drivers(await endpoint.backend(*replies), Toolbox([NativeTools()])), Caller(), "dev")


async def test_a_list_is_asked_at_the_same_time_and_answered_in_order(endpoint: Endpoint) -> None:
    gate = asyncio.Event()
    csi = await _bound(endpoint, Whole(chat_answer("slow"), until=gate), Whole(chat_answer("fast"), until=gate))
    task = asyncio.create_task(csi.chat([_CHAT, _CHAT, _CHAT]))
    await endpoint.stub.until(lambda stub: stub.open == 3)
    gate.set()
    assert sorted(answer.content or "" for answer in await task) == ["fast", "fast", "slow"]


async def test_an_empty_list_asks_nobody(endpoint: Endpoint) -> None:
    csi = await _bound(endpoint)
    assert await csi.chat([]) == []
    assert await csi.complete([]) == []
    assert await csi.invoke_tools([]) == []
    assert await csi.search([]) == []
    assert endpoint.stub.received == []


async def test_completions_are_answered(endpoint: Endpoint) -> None:
    csi = await _bound(endpoint, Whole(completion_answer("upon")))
    assert [answer.text for answer in await csi.complete([CompleteRequest("m", "Once")])] == ["upon"]


async def test_one_failure_fails_the_list_and_ends_the_other_requests(endpoint: Endpoint) -> None:
    csi = await _bound(endpoint, Whole(failure("broken"), status=500), Hang())
    with pytest.raises(BackendFailed, match="broken"):
        await csi.chat([_CHAT, _CHAT, _CHAT])
    await endpoint.stub.until(lambda stub: stub.open == 0)


async def test_streams_are_delivered(endpoint: Endpoint) -> None:
    csi = await _bound(endpoint, Events(chat_chunks("a")))
    assert [part async for part in csi.chat_stream(_CHAT)][:2] == [Begin("assistant"), TextPart("a")]


async def test_leaving_closes_the_streams_that_are_open(endpoint: Endpoint) -> None:
    async with await _bound(endpoint, Events([delta(content="a")], then="hang")) as csi:
        streams = [csi.chat_stream(_CHAT) for _ in range(3)]
        for stream in streams[:2]:
            await anext(stream)
        assert endpoint.stub.open == 2
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert endpoint.stub.disconnects == 2


async def test_operations_without_driver_say_so() -> None:
    csi = _without_models()
    for call in (
        csi.chunk([ChunkRequest("text", "m", 10)]),
        csi.select_language([LanguageRequest("text", ("eng",))]),
        csi.search([SearchRequest(IndexPath("n", "c", "i"), "q", 1)]),
        csi.documents([_PATH]),
        csi.document_metadata([_PATH]),
        csi.explain([ExplainRequest("a", "b", "m")]),
        csi.chat([_CHAT]),
    ):
        with pytest.raises(NotConfigured):
            await call


async def test_a_backend_that_can_not_explain_says_so(endpoint: Endpoint) -> None:
    with pytest.raises(UnsupportedOperation):
        await (await _bound(endpoint)).explain([ExplainRequest("a", "b", "m")])


async def test_tool_events_frame_the_calls_in_the_order_of_the_requests() -> None:
    events: list[ToolEvent] = []

    async def note(event: ToolEvent) -> None:
        events.append(event)

    results = await _without_models(note).invoke_tools([_ADD, _SABOTEUR, _ADD])
    assert results == [ToolOutput(("3",)), ToolError("Out of cheese."), ToolOutput(("3",))]
    assert events == [
        ToolBegin("add"),
        ToolBegin("saboteur"),
        ToolBegin("add"),
        ToolEnd("add"),
        ToolFailed("saboteur", "Out of cheese."),
        ToolEnd("add"),
    ]


async def test_tools_work_without_anybody_to_tell() -> None:
    assert await _without_models().invoke_tools([_ADD]) == [ToolOutput(("3",))]


async def test_tools_are_those_of_the_namespace(endpoint: Endpoint) -> None:
    assert [tool.name for tool in await _without_models().list_tools()] == ["add", "saboteur", "subtract"]
    assert await (await _bound(endpoint)).list_tools() == []
