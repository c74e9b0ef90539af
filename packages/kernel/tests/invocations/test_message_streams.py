"""Message-stream skills, called."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import msgspec
import pytest

from pharia_kernel.errors import (
    DeadlineExceeded,
    HostFault,
    InvalidJson,
    InvalidOutput,
    KernelError,
    ProtocolViolation,
    Saturated,
    SkillNotFound,
    SkillReportedError,
    SkillTrapped,
    WrongSkillKind,
)
from pharia_kernel.types import (
    Caller,
    Failed,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    Reasoning,
    SkillKind,
    SkillPath,
    StreamEvent,
    ToolBegin,
    ToolEnd,
    ToolFailed,
)

ME = Caller()
BEGIN, END = MessageBegin(), MessageEnd()
PATH = SkillPath("dev", "stream")


@pytest.fixture
def stream_of(scripted: Any) -> Any:
    def make(body: Any) -> Any:
        return scripted(body, SkillKind.MESSAGE_STREAM)

    return make


async def events(invocations: Any, input: bytes = b"null", path: SkillPath = PATH) -> list[StreamEvent]:
    async with invocations.stream(path, input, ME) as stream:
        return [event async for event in stream]


def failure(seen: list[StreamEvent]) -> KernelError:
    assert isinstance(seen[-1], Failed)
    assert not any(isinstance(event, Failed) for event in seen[:-1])
    return seen[-1].error


async def endless(input: bytes, csi: Any, output: Any) -> bytes:
    await output.write(BEGIN)
    while True:
        await output.write(MessageAppend("more"))


async def test_items_and_tool_events_arrive_in_order(bench: Any, stream_of: Any) -> None:
    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        await output.write(BEGIN)
        await output.write(Reasoning("hm"))
        await csi.tool_event(ToolBegin("add"))
        await csi.tool_event(ToolFailed("add", "no"))
        await output.write(MessageAppend(input.decode()))
        await output.write(MessageEnd(msgspec.Raw(b'{"n": 1}')))
        await csi.tool_event(ToolEnd("late"))
        return b""

    async with bench.open({"stream": stream_of(body)}) as invocations:
        seen = await events(invocations, b'"Homer" ')
    assert seen[:5] == [BEGIN, Reasoning("hm"), ToolBegin("add"), ToolFailed("add", "no"), MessageAppend('"Homer"')]
    assert bytes(seen[5].payload) == b'{"n": 1}'  # type: ignore[union-attr]
    assert seen[6:] == [ToolEnd("late")]


@pytest.mark.parametrize("items", [[], [BEGIN], [BEGIN, Reasoning("x")]], ids=["empty", "open", "reasoning"])
async def test_a_stream_may_end_anywhere(bench: Any, stream_of: Any, items: list[Any]) -> None:
    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        for item in items:
            await output.write(item)
        return b""

    async with bench.open({"stream": stream_of(body)}) as invocations:
        assert await events(invocations) == items


@pytest.mark.parametrize("swallow", [None, SkillTrapped, "ok"])
async def test_the_first_violation_ends_the_stream_whatever_the_skill_does(
    bench: Any, stream_of: Any, swallow: Any
) -> None:
    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        await output.write(BEGIN)
        try:
            await output.write(BEGIN)
        except ProtocolViolation:
            if swallow is None:
                raise
            if swallow == "ok":
                return b""
            raise swallow("the guest was ended") from None
        return b""

    async with bench.open({"stream": stream_of(body)}) as invocations:
        seen = await events(invocations)
    assert seen[:-1] == [BEGIN]
    assert isinstance(failure(seen), ProtocolViolation)


async def test_nothing_is_delivered_after_a_violation(bench: Any, stream_of: Any) -> None:
    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        for item in (BEGIN, MessageEnd(msgspec.Raw(b"nope")), MessageAppend("late"), END):
            try:
                await output.write(item)
            except InvalidOutput:
                continue
        return b""

    async with bench.open({"stream": stream_of(body)}) as invocations:
        seen = await events(invocations)
    assert seen[:-1] == [BEGIN]
    assert isinstance(failure(seen), InvalidOutput)


async def test_an_error_after_output_is_the_last_event(bench: Any, stream_of: Any) -> None:
    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        await output.write(BEGIN)
        await output.write(MessageAppend("x"))
        raise SkillReportedError("no more")

    async with bench.open({"stream": stream_of(body)}) as invocations:
        seen = await events(invocations)
    assert seen[:-1] == [BEGIN, MessageAppend("x")]
    assert str(failure(seen)) == "no more"


async def test_every_failure_to_start_is_an_event(bench: Any, scripted: Any, stream_of: Any) -> None:
    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        raise RuntimeError

    function = scripted(body)
    async with bench.open({"stream": stream_of(body), "function": function}) as invocations:
        wrong = failure(await events(invocations, path=SkillPath("dev", "function")))
        assert isinstance(wrong, WrongSkillKind)
        assert str(wrong) == (
            "The skill is designed to be executed as a function. Please invoke it via the /run endpoint."
        )
        assert isinstance(failure(await events(invocations, path=SkillPath("dev", "unknown"))), SkillNotFound)
        assert isinstance(failure(await events(invocations, b"{")), InvalidJson)
        assert isinstance(failure(await events(invocations)), HostFault)
    assert function.ended == []


async def test_a_consumer_that_leaves_stops_the_skill_before_it_is_gone(bench: Any, stream_of: Any) -> None:
    skill = stream_of(endless)
    async with bench.open({"stream": skill}) as invocations:
        async with invocations.stream(PATH, b"null", ME) as stream:
            assert await anext(stream) == BEGIN
        assert skill.ended == ["cancelled"]
        assert bench.csis[0].closed
        assert invocations.running == 0


async def test_an_error_of_the_consumer_passes_through(bench: Any, stream_of: Any) -> None:
    skill = stream_of(endless)
    async with bench.open({"stream": skill}) as invocations:
        with pytest.raises(ConnectionResetError):
            await _consume_and_fail(invocations)
        assert skill.ended == ["cancelled"]


async def test_cancelling_the_consumer_twice_still_waits_for_the_skill(bench: Any, stream_of: Any) -> None:
    cleaned = asyncio.Event()
    let_go = asyncio.Event()

    async def tidy(input: bytes, csi: Any, output: Any) -> bytes:
        try:
            return await endless(input, csi, output)
        finally:
            cleaned.set()
            await let_go.wait()

    skill = stream_of(tidy)
    async with bench.open({"stream": skill}) as invocations:
        consumer = asyncio.create_task(_consume_nothing(invocations))
        await skill.began.wait()
        consumer.cancel()
        await cleaned.wait()
        consumer.cancel()
        await asyncio.sleep(0)
        assert not consumer.done()
        let_go.set()
        await asyncio.wait({consumer})
        assert consumer.cancelled()
        assert bench.csis[0].closed


async def _consume_nothing(invocations: Any) -> None:
    async with invocations.stream(PATH, b"null", ME):
        await asyncio.Event().wait()


async def _consume_and_fail(invocations: Any) -> None:
    async with invocations.stream(PATH, b"null", ME) as stream:
        async for _ in stream:
            raise ConnectionResetError


async def test_a_slow_consumer_holds_the_skill_back(bench: Any, stream_of: Any) -> None:
    written = 0

    async def body(input: bytes, csi: Any, output: Any) -> bytes:
        nonlocal written
        await output.write(BEGIN)
        for _ in range(1000):
            await output.write(MessageAppend("x"))
            written += 1
        return b""

    async with bench.open({"stream": stream_of(body)}) as invocations, invocations.stream(PATH, b"1", ME) as stream:
        taken = 0
        async for _ in stream:
            taken += 1
            await asyncio.sleep(0)
            assert written <= taken + 16
        assert taken == 1001


async def test_the_deadline_ends_a_stream_whose_consumer_is_slow(bench: Any, stream_of: Any, limits: Any) -> None:
    skill = stream_of(endless)
    tight = dataclasses.replace(limits, deadline_seconds=0.01)
    async with bench.open({"stream": skill}, tight) as invocations, invocations.stream(PATH, b"1", ME) as stream:
        await skill.finished.wait()
        seen = [event async for event in stream]
    assert isinstance(failure(seen), DeadlineExceeded)
    assert seen[0] == BEGIN


async def test_a_stopping_kernel_ends_streams_with_an_event(bench: Any, stream_of: Any, limits: Any) -> None:
    seen: list[StreamEvent] = []

    async def consume() -> None:
        async with invocations.stream(PATH, b"null", ME) as stream:
            seen.extend([event async for event in stream])

    skill = stream_of(endless)
    async with bench.open({"stream": skill}, dataclasses.replace(limits, grace_seconds=0.01)) as invocations:
        consumer = asyncio.create_task(consume())
        await skill.began.wait()
    await consumer
    assert isinstance(failure(seen), Saturated)
    assert skill.ended == ["cancelled"]


async def test_five_hundred_disconnects_leave_nothing(bench: Any, stream_of: Any) -> None:
    skill = stream_of(endless)
    async with bench.open({"stream": skill}) as invocations:
        before = len(asyncio.all_tasks())
        for round in range(500):
            async with invocations.stream(PATH, b"null", ME) as stream:
                if round % 2:
                    await anext(stream)
        assert len(asyncio.all_tasks()) == before
        assert invocations.running == 0
    assert skill.running == 0
    assert all(csi.closed for csi in bench.csis)
