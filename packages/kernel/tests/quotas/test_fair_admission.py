"""Calls that run, wait, give up, and take turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pharia_kernel.errors import QuotaExceeded, Saturated
from pharia_kernel.quotas import Limits, LimitTable, Quotas, Spender


class Call:
    """Holds its place until told to leave."""

    def __init__(self, quotas: Quotas, namespace: str, caller: str) -> None:
        self.began = asyncio.Event()
        self.leave = asyncio.Event()
        self.task = asyncio.create_task(self._run(quotas, Spender(namespace, "skill", caller)))

    async def _run(self, quotas: Quotas, spender: Spender) -> None:
        async with quotas.place(spender):
            self.began.set()
            await self.leave.wait()

    async def end(self) -> None:
        self.leave.set()
        await self.task


async def calls(quotas: Quotas, *who: str) -> list[Call]:
    started = [Call(quotas, *one.split("/")) for one in who]
    await turn()
    return started


async def turn() -> None:
    """Everything that can go on now does."""
    for _ in range(5):
        await asyncio.sleep(0)


def running(started: list[Call]) -> list[bool]:
    return [call.began.is_set() for call in started]


@pytest.fixture
async def ended() -> AsyncIterator[list[Call]]:
    """Calls that the test leaves running."""
    left: list[Call] = []
    yield left
    for call in left:
        call.task.cancel()
    await asyncio.gather(*(call.task for call in left), return_exceptions=True)


def quotas(concurrent: int = 100, queued: int = 100, **table: object) -> Quotas:
    return Quotas.alone(LimitTable(Limits(concurrent=concurrent, queued=queued), **table))  # type: ignore[arg-type]


async def test_a_caller_has_its_places_and_others_have_theirs(ended: list[Call]) -> None:
    limited = quotas(each_caller=Limits(concurrent=2))
    ended += await calls(limited, "dev/a", "dev/a", "dev/a", "dev/b")
    assert running(ended) == [True, True, False, True]
    await ended[0].end()
    await turn()
    assert running(ended) == [True, True, True, True]


async def test_the_calls_of_a_namespace_count_together(ended: list[Call]) -> None:
    limited = quotas(namespaces={"dev": Limits(concurrent=1, queued=1)})
    ended += await calls(limited, "dev/a", "dev/b", "other/b")
    assert running(ended) == [True, False, True]
    with pytest.raises(QuotaExceeded, match='namespace "dev"') as refused:
        await limited.place(Spender("dev", "skill", "c")).__aenter__()
    assert (refused.value.status, refused.value.owner) == (429, 'namespace "dev"')


async def test_one_that_floods_does_not_delay_another(ended: list[Call]) -> None:
    limited = quotas(concurrent=1)
    ended += await calls(limited, *["loud/a"] * 20, "quiet/b")
    await ended[0].end()
    await turn()
    await ended[1].end()
    await turn()
    assert [index for index, began in enumerate(running(ended)) if began] == [0, 1, 20]


async def test_a_full_queue_has_room_for_somebody_quiet(ended: list[Call]) -> None:
    limited = quotas(concurrent=1, queued=3)
    ended += await calls(limited, *["loud/a"] * 4)
    ended += await calls(limited, "quiet/b")
    with pytest.raises(Saturated, match="gave its place in the queue"):
        await ended[3].task
    with pytest.raises(Saturated, match="1 calls are running and 3 wait"):
        await limited.place(Spender("loud", "skill", "a")).__aenter__()
    await ended[0].end()
    await turn()
    await ended[1].end()
    await turn()
    assert running(ended) == [True, True, False, False, True]


async def test_who_gives_up_waiting_is_not_counted_any_more(ended: list[Call]) -> None:
    limited = quotas(concurrent=1)
    ended += await calls(limited, "dev/a", "dev/a", "dev/a")
    ended[1].task.cancel()
    await asyncio.wait({ended[1].task})
    assert limited.waiting == 1
    await ended[0].end()
    await ended[2].began.wait()
    await ended[2].end()
    assert (limited.running, limited.waiting) == (0, 0)


async def test_a_place_handed_to_one_who_gives_up_in_that_moment_passes_on(ended: list[Call]) -> None:
    limited = quotas(concurrent=1)
    first = limited.place(Spender("dev", "skill", "a"))
    await first.__aenter__()
    ended += await calls(limited, "dev/a", "dev/b")
    await first.__aexit__(None, None, None)
    ended[0].task.cancel()
    await asyncio.wait({ended[0].task})
    await ended[1].began.wait()
    assert not ended[0].began.is_set()
    await ended[1].end()
    assert (limited.running, limited.waiting) == (0, 0)


async def test_one_who_gives_up_at_the_head_does_not_stop_those_behind(ended: list[Call]) -> None:
    limited = quotas(concurrent=1)
    first = limited.place(Spender("dev", "skill", "a"))
    await first.__aenter__()
    ended += await calls(limited, "dev/b", "dev/b")
    ended[0].task.cancel()
    await first.__aexit__(None, None, None)
    await ended[1].began.wait()
    assert limited.running == 1


async def test_new_limits_hold_from_the_next_call_on(ended: list[Call]) -> None:
    limited = quotas(each_caller=Limits(concurrent=1, queued=0))
    ended += await calls(limited, "dev/a")
    limited.use(LimitTable(each_caller=Limits(concurrent=2, queued=0)))
    ended += await calls(limited, "dev/a")
    assert running(ended) == [True, True]


def test_the_shortest_time_and_the_callers_memory_hold() -> None:
    limited = quotas(
        namespaces={"dev": Limits(deadline_seconds=20)},
        callers={"a": Limits(memory_bytes=1000)},
        each_caller=Limits(deadline_seconds=30, memory_bytes=5000),
    )
    assert limited.deadline_seconds(Spender("dev", "s", "a"), 600) == 20
    assert limited.deadline_seconds(Spender("other", "s", "a"), 600) == 30
    assert limited.deadline_seconds(Spender("other", "s", "a"), 10) == 10
    assert [limited.memory_bytes(Spender("dev", "s", name)) for name in "ab"] == [1000, 5000]
