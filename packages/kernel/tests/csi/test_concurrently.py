"""Requests of one list."""

from __future__ import annotations

import asyncio

import pytest

from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.errors import BackendFailed, CsiError, ModelNotFound


async def test_answers_keep_the_order_of_the_requests() -> None:
    second_is_done = asyncio.Event()

    async def first() -> int:
        await second_is_done.wait()
        return 1

    async def second() -> int:
        second_is_done.set()
        return 2

    assert await all_of([first(), second()]) == [1, 2]


async def test_no_requests_have_no_answers() -> None:
    assert await all_of([]) == []


async def test_the_first_failure_is_raised_as_it_is_and_ends_the_others() -> None:
    ended: list[str] = []

    async def fail(error: CsiError) -> int:
        raise error

    async def wait() -> int:
        try:
            await asyncio.get_running_loop().create_future()
            return 0
        finally:
            ended.append("wait")

    error = ModelNotFound("first")
    with pytest.raises(ModelNotFound) as raised:
        await all_of([wait(), fail(error), fail(BackendFailed("second")), wait()])
    assert raised.value is error
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    assert ended == ["wait", "wait"]


async def test_cancelling_the_list_cancels_every_request() -> None:
    running = 0
    started = asyncio.Event()

    async def wait() -> None:
        nonlocal running
        running += 1
        started.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            running -= 1

    task = asyncio.create_task(all_of([wait(), wait()]))
    await started.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert running == 0
