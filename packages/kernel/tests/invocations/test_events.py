"""The queue between skill and consumer."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pharia_kernel.errors import DeadlineExceeded, ProtocolViolation
from pharia_kernel.invocations.events import EventQueue
from pharia_kernel.types import (
    Failed,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    OutputItem,
    StreamEvent,
    ToolBegin,
    ToolEnd,
)

BEGIN, END = MessageBegin(), MessageEnd()


async def drained(queue: EventQueue) -> list[StreamEvent]:
    return [event async for event in queue]


async def test_items_and_tool_events_come_in_the_order_in_which_they_were_caused() -> None:
    queue = EventQueue()
    await queue.emit(ToolBegin("add"))
    await queue.write(BEGIN)
    await queue.write(MessageAppend("a"))
    await queue.emit(ToolEnd("add"))
    await queue.write(END)
    queue.finish(None)
    assert await drained(queue) == [ToolBegin("add"), BEGIN, MessageAppend("a"), ToolEnd("add"), END]


async def test_a_failure_is_the_last_event_even_when_the_queue_is_full() -> None:
    queue = EventQueue(capacity=1)
    error = DeadlineExceeded("late")
    assert queue.try_write(BEGIN)
    queue.finish(error)
    queue.finish(DeadlineExceeded("later"))
    assert await drained(queue) == [BEGIN, Failed(error)]


async def test_a_slow_consumer_slows_the_writer() -> None:
    queue = EventQueue(capacity=4)
    written = 0

    async def write() -> None:
        nonlocal written
        await queue.write(BEGIN)
        for number in range(100):
            await queue.write(MessageAppend(str(number)))
            written += 1
        queue.finish(None)

    writer = asyncio.create_task(write())
    await asyncio.sleep(0)
    assert written == 3
    seen = [await anext(queue)]
    async for event in queue:
        seen.append(event)
        assert written - len(seen) <= 4
    assert seen == [BEGIN, *(MessageAppend(str(number)) for number in range(100))]
    await writer


async def test_a_full_queue_refuses_without_losing_the_order() -> None:
    queue = EventQueue(capacity=1)
    assert queue.try_write(BEGIN)
    assert not queue.try_write(END)
    assert await anext(queue) == BEGIN
    assert queue.try_write(END)


async def test_a_tool_event_waits_for_room() -> None:
    queue = EventQueue(capacity=1)
    await queue.write(BEGIN)
    emitting = asyncio.create_task(queue.emit(ToolBegin("add")))
    await asyncio.sleep(0)
    assert not emitting.done()
    assert await anext(queue) == BEGIN
    await emitting
    assert await anext(queue) == ToolBegin("add")


async def test_after_the_first_violation_nothing_is_taken() -> None:
    queue = EventQueue()
    assert queue.try_write(BEGIN)
    with pytest.raises(ProtocolViolation) as first:
        queue.try_write(BEGIN)
    with pytest.raises(ProtocolViolation) as second:
        await queue.write(END)
    assert queue.violation is first.value is second.value
    queue.finish(queue.violation)
    assert await drained(queue) == [BEGIN, Failed(first.value)]


async def test_threads_may_write_while_the_loop_reads() -> None:
    queue = EventQueue()
    loop = asyncio.get_running_loop()
    refused = 0

    def write() -> None:
        nonlocal refused
        items: list[OutputItem] = [BEGIN, *(MessageAppend(str(number)) for number in range(5000)), END]
        for item in items:
            while not queue.try_write(item):
                refused += 1
                asyncio.run_coroutine_threadsafe(queue.write(item), loop).result()
                break
        loop.call_soon_threadsafe(queue.finish, None)

    thread = threading.Thread(target=write)
    thread.start()
    events = await drained(queue)
    await asyncio.to_thread(thread.join)
    assert events == [BEGIN, *(MessageAppend(str(number)) for number in range(5000)), END]
    assert refused > 0


async def test_once_the_consumer_is_gone_a_writer_waits_for_its_cancellation() -> None:
    queue = EventQueue()
    queue.close()
    assert not queue.try_write(BEGIN)
    writer = asyncio.create_task(queue.write(BEGIN))
    await asyncio.sleep(0)
    writer.cancel()
    await asyncio.wait({writer})
    assert writer.cancelled()
    queue.finish(None)
    assert await drained(queue) == []


async def test_a_consumer_that_gives_up_waiting_loses_nothing() -> None:
    queue = EventQueue()
    reader = asyncio.create_task(anext(queue))
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.wait({reader})
    await queue.write(BEGIN)
    assert await anext(queue) == BEGIN
