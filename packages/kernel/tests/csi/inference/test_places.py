"""Who waits for a backend, and who is next."""

from __future__ import annotations

import asyncio

import pytest

from pharia_kernel.csi.inference.places import Places
from pharia_kernel.errors import BackendSaturated
from pharia_kernel.types import Caller

_ANN, _BOB = Caller("ann"), Caller("bob")


class Requests:
    """Each holds its place until it is told to leave."""

    def __init__(self, concurrent: int, queued: int) -> None:
        self.places = Places("the backend", concurrent, queued)
        self.served: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def arrive(self, names: str, caller: Caller) -> None:
        for name in names:
            self._leave[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._hold(name, caller))
            await _settled()

    async def leave(self, names: str) -> None:
        for name in names:
            self._leave[name].set()
            await asyncio.wait([self._tasks[name]])
            await _settled()

    async def give_up(self, names: str) -> None:
        for name in names:
            self._tasks[name].cancel()
        await asyncio.wait([self._tasks[name] for name in names])
        await _settled()

    async def _hold(self, name: str, caller: Caller) -> None:
        async with self.places.place(caller):
            self.served.append(name)
            await self._leave[name].wait()

    @property
    def order(self) -> str:
        return "".join(self.served)


async def _settled() -> None:
    """Every task that can go on has done so; they wait only for one another."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_many_as_there_are_places_go_at_once_and_the_next_waits() -> None:
    requests = Requests(2, 5)
    await requests.arrive("abc", _ANN)
    assert (requests.order, requests.places.running, requests.places.waiting) == ("ab", 2, 1)
    await requests.leave("a")
    assert requests.order == "abc"
    await requests.leave("bc")
    assert (requests.places.running, requests.places.waiting) == (0, 0)


async def test_callers_take_turns_however_many_requests_each_has() -> None:
    requests = Requests(1, 9)
    await requests.arrive("abcd", _ANN)
    await requests.arrive("xy", _BOB)
    await requests.leave("abxcyd")
    assert requests.order == "abxcyd"


async def test_tokens_of_one_known_caller_are_one_queue() -> None:
    requests = Requests(1, 9)
    await requests.arrive("ab", Caller("one", id="ann"))
    await requests.arrive("c", Caller("two", id="ann"))
    await requests.arrive("x", _BOB)
    await requests.leave("abxc")
    assert requests.order == "abxc"


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    requests = Requests(1, 1)
    await requests.arrive("ab", _ANN)
    with pytest.raises(BackendSaturated, match="the backend has 1 requests under way and 1 waiting") as raised:
        async with requests.places.place(_BOB):
            pass
    assert (raised.value.status, raised.value.retry_after) == (503, 1)
    await requests.leave("ab")


async def test_without_a_queue_the_next_is_refused() -> None:
    requests = Requests(1, 0)
    await requests.arrive("a", _ANN)
    with pytest.raises(BackendSaturated):
        async with requests.places.place(_ANN):
            pass
    await requests.leave("a")


async def test_who_gives_up_waiting_leaves_no_gap() -> None:
    requests = Requests(1, 3)
    await requests.arrive("abc", _ANN)
    await requests.arrive("x", _BOB)
    await requests.give_up("bx")
    assert requests.places.waiting == 1
    await requests.leave("ac")
    assert (requests.order, requests.places.running) == ("ac", 0)


async def test_a_place_given_to_somebody_who_just_gave_up_goes_to_the_next() -> None:
    places = Places("b", 1, 5)
    first = places.place(_ANN)
    await first.__aenter__()

    async def wait() -> None:
        async with places.place(_ANN):
            pass

    second, third = asyncio.create_task(wait()), asyncio.create_task(wait())
    await _settled()
    await first.__aexit__(None, None, None)  # gives the place to the second, which has not run since
    second.cancel()
    await asyncio.wait([second, third])
    assert second.cancelled()
    assert (third.exception(), places.running, places.waiting) == (None, 0, 0)


async def test_whoever_was_cancelled_is_left_out_when_places_are_given_out() -> None:
    places = Places("b", 1, 5)
    first = places.place(_ANN)
    await first.__aenter__()

    async def wait() -> None:
        async with places.place(_ANN):
            pass

    second, third = asyncio.create_task(wait()), asyncio.create_task(wait())
    await _settled()
    second.cancel()  # its turn is cancelled, itself has not run since
    await first.__aexit__(None, None, None)
    await asyncio.wait([second, third])
    assert (third.exception(), places.running, places.waiting) == (None, 0, 0)


async def test_a_failure_gives_the_place_back() -> None:
    places = Places("b", 1, 0)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"):
            async with places.place(_ANN):
                raise ValueError("x")
    assert places.running == 0
