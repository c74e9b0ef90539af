"""How many run, how many wait, who comes next."""

from __future__ import annotations

import asyncio

import pytest

from pharia_kernel.errors import Saturated
from pharia_kernel.invocations.admission import Admission


class Call:
    """A call that holds its place until told to leave."""

    def __init__(self, admission: Admission) -> None:
        self.admitted = asyncio.Event()
        self.leave = asyncio.Event()
        self.task = asyncio.create_task(self._hold(admission))

    async def _hold(self, admission: Admission) -> None:
        async with admission:
            self.admitted.set()
            await self.leave.wait()

    async def end(self) -> None:
        self.leave.set()
        await self.task


async def calls(admission: Admission, count: int) -> list[Call]:
    started = [Call(admission) for _ in range(count)]
    await asyncio.sleep(0)
    return started


def admitted(started: list[Call]) -> list[bool]:
    return [call.admitted.is_set() for call in started]


async def test_exactly_as_many_run_as_allowed() -> None:
    admission = Admission(concurrent=2, queued=10)
    started = await calls(admission, 5)
    assert admitted(started) == [True, True, False, False, False]
    assert (admission.running, admission.waiting) == (2, 3)
    for call in started:
        await call.end()
    assert (admission.running, admission.waiting) == (0, 0)


async def test_those_who_wait_come_in_order_of_arrival() -> None:
    admission = Admission(concurrent=1, queued=10)
    started = await calls(admission, 4)
    for index, call in enumerate(started):
        await call.admitted.wait()
        assert admitted(started) == [position <= index for position in range(4)]
        await call.end()


async def test_beyond_the_queue_a_call_is_refused_at_once() -> None:
    admission = Admission(concurrent=1, queued=2)
    started = await calls(admission, 3)
    with pytest.raises(Saturated, match="1 calls are running and 2 wait") as caught:
        await admission.__aenter__()
    assert caught.value.retry_after
    await started[0].end()
    late = Call(admission)
    for call in (started[1], started[2], late):
        await call.end()
    assert (admission.running, admission.waiting) == (0, 0)


async def test_without_a_queue_a_full_house_refuses() -> None:
    admission = Admission(concurrent=1, queued=0)
    async with admission:
        with pytest.raises(Saturated):
            await admission.__aenter__()
    async with admission:
        assert admission.running == 1


async def test_who_gives_up_waiting_leaves_the_queue() -> None:
    admission = Admission(concurrent=1, queued=2)
    first, second, third = await calls(admission, 3)
    second.task.cancel()
    await asyncio.wait({second.task})
    assert admission.waiting == 1
    await first.end()
    await third.end()
    assert (admission.running, admission.waiting) == (0, 0)


async def test_a_place_handed_to_one_who_gives_up_in_that_moment_passes_on() -> None:
    admission = Admission(concurrent=1, queued=2)
    await admission.__aenter__()
    second, third = await calls(admission, 2)
    await admission.__aexit__()
    second.task.cancel()
    await asyncio.wait({second.task})
    await third.end()
    assert not second.admitted.is_set()
    assert (admission.running, admission.waiting) == (0, 0)


async def test_a_newcomer_does_not_overtake_the_queue() -> None:
    admission = Admission(concurrent=1, queued=2)
    first, second = await calls(admission, 2)
    first.leave.set()
    await asyncio.wait({first.task})
    newcomer = Call(admission)
    await second.admitted.wait()
    assert not newcomer.admitted.is_set()
    await second.end()
    await newcomer.end()
