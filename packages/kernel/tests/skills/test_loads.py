"""The order of loads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pharia_kernel.skills.loads import LoadQueue
from pharia_kernel.types import SkillPath


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def load(done: list[str]) -> Callable[[str], Callable[[], Awaitable[None]]]:
    def named(name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            done.append(name)

        return run

    return named


def path(name: str) -> SkillPath:
    return SkillPath("dev", name)


async def work(queue: LoadQueue) -> None:
    worker = asyncio.create_task(queue.work())
    await queue.join()
    worker.cancel()
    await asyncio.wait({worker})


async def test_loads_run_in_order_of_arrival(
    done: list[str], load: Callable[..., Callable[..., Awaitable[None]]]
) -> None:
    queue = LoadQueue()
    for name in "abc":
        queue.put(path(name), load(name))
    await work(queue)
    assert done == ["a", "b", "c"]


async def test_loads_that_a_caller_waits_for_come_first(
    done: list[str], load: Callable[..., Callable[..., Awaitable[None]]]
) -> None:
    queue = LoadQueue()
    for name in "abcd":
        queue.put(path(name), load(name))
    queue.urge(path("d"))
    queue.urge(path("b"))
    queue.urge(path("d"))
    queue.urge(path("unknown"))
    await work(queue)
    assert done == ["d", "b", "a", "c"]


async def test_a_skill_waits_only_once(done: list[str], load: Callable[..., Callable[..., Awaitable[None]]]) -> None:
    queue = LoadQueue()
    queue.put(path("a"), load("a"))
    queue.put(path("a"), load("a"))
    queue.urge(path("a"))
    queue.put(path("a"), load("a"))
    await work(queue)
    assert done == ["a"]
