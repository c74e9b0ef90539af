from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest

from pharia_kernel.cli.cores import core_of, free_to_move, stay_on, staying_on
from pharia_kernel.config import Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are put on cores on Linux alone")

CORES = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []


def settings(workers: int, **more: object) -> Settings:
    return Settings.model_validate({"workers": workers, "inference": "none", **more})


def test_every_worker_has_a_core_of_its_own() -> None:
    assert [core_of(index, settings(len(CORES))) for index in range(len(CORES))] == CORES


def test_more_workers_than_cores_run_anywhere() -> None:
    assert core_of(0, settings(len(CORES) + 1)) is None


@pytest.mark.parametrize("inference", ["embedded", "auto"])
def test_they_run_anywhere_beside_the_embedded_model(inference: str) -> None:
    assert core_of(0, settings(1, inference=inference)) is None


def test_a_thread_leaves_the_core_of_the_thread_that_started_it() -> None:
    seen: list[set[int]] = []

    def worker() -> None:
        leave = free_to_move()
        stay_on(CORES[0])
        seen.append(os.sched_getaffinity(0))

        def background() -> None:
            seen.append(os.sched_getaffinity(0))
            leave()
            seen.append(os.sched_getaffinity(0))

        inner = threading.Thread(target=background)
        inner.start()
        inner.join()

    thread = threading.Thread(target=worker)
    thread.start()
    thread.join()
    assert seen == [{CORES[0]}, {CORES[0]}, set(CORES)]


def on_a_thread(run: Callable[[], Coroutine[object, object, None]]) -> None:
    """What happens to its affinity leaves with it."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result(10)


async def affinity_becomes(wanted: set[int]) -> None:
    for _ in range(500):
        if os.sched_getaffinity(0) == wanted:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"still on {os.sched_getaffinity(0)}")


def test_the_event_loop_stays_on_its_core_while_calls_overlap() -> None:
    calls = [0]

    async def serve() -> None:
        async with staying_on(CORES[0], lambda: calls[-1]):
            for count, wanted in [(16, {CORES[0]}), (1, set(CORES)), (2, {CORES[0]}), (0, set(CORES))]:
                calls.append(count)
                await affinity_becomes(wanted)

    on_a_thread(serve)


def test_one_call_at_a_time_lets_it_move() -> None:
    async def serve() -> None:
        async with staying_on(CORES[0], lambda: 1):
            await asyncio.sleep(0.3)
            assert os.sched_getaffinity(0) == set(CORES)

    on_a_thread(serve)


def test_without_a_core_it_may_always_move() -> None:
    async def serve() -> None:
        async with staying_on(None, lambda: 16):
            await asyncio.sleep(0.3)
            assert os.sched_getaffinity(0) == set(CORES)

    on_a_thread(serve)
