"""One timer for many waits."""

from __future__ import annotations

import asyncio

from pharia_kernel.csi.http.idle import IdleWatch


async def test_a_wait_that_lasts_too_long_is_given_up() -> None:
    given_up = asyncio.Event()
    watch = IdleWatch(0.01, given_up.set)
    watch.begin()
    await asyncio.wait_for(given_up.wait(), 10)
    assert watch.expired


async def test_time_between_waits_does_not_count() -> None:
    given_up = asyncio.Event()
    watch = IdleWatch(0.01, given_up.set)
    watch.begin()
    watch.end()
    await asyncio.sleep(0.05)  # several periods of the watch
    assert not watch.expired
    watch.begin()
    await asyncio.wait_for(given_up.wait(), 10)


async def test_a_closed_watch_gives_nothing_up() -> None:
    given_up = asyncio.Event()
    watch = IdleWatch(0.01, given_up.set)
    watch.begin()
    watch.close()
    await asyncio.sleep(0.05)
    assert not given_up.is_set()
