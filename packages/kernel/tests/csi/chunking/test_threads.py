from __future__ import annotations

import asyncio
import threading

import pytest

from pharia_kernel.csi.chunking.threads import Stopped, WorkThreads


class Work:
    """Goes on until it is stopped."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self, stop: threading.Event) -> None:
        self.begun.set()
        stop.wait()
        self.ended.set()
        raise Stopped


async def test_work_is_done_on_another_thread() -> None:
    async with WorkThreads() as threads:
        assert await threads.run(lambda stop: threading.get_ident()) != threading.get_ident()


async def test_work_stops_when_nobody_waits_for_it() -> None:
    work = Work()
    async with WorkThreads(1) as threads:
        task = asyncio.create_task(threads.run(work))
        await asyncio.to_thread(work.begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await threads.run(lambda stop: 1) == 1
        assert work.ended.is_set()


async def test_work_that_waits_for_a_thread_is_never_begun_when_cancelled() -> None:
    first, second = Work(), Work()
    async with WorkThreads(1) as threads:
        tasks = [asyncio.create_task(threads.run(work)) for work in (first, second)]
        await asyncio.to_thread(first.begun.wait)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await threads.run(lambda stop: None)
    assert not second.begun.is_set()


async def test_leaving_stops_what_is_under_way() -> None:
    work = Work()
    async with WorkThreads(1) as threads:
        task = asyncio.create_task(threads.run(work))
        await asyncio.to_thread(work.begun.wait)
    assert work.ended.is_set()
    with pytest.raises(Stopped):
        await task
