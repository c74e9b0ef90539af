"""Which core the event loop of a worker process stays on while calls overlap.

Threads of one process that run on several cores interrupt each other whenever an instance writes to a page of memory
for the first time. Event loops that compute short turns on cores of their own are spared most of that. Who calls one
after the other is answered sooner by an event loop that may run where nobody takes down the instance before.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from pharia_kernel.config import Settings, uses_embedded_model

_LOOK_SECONDS = 0.05
_CALM_LOOKS = 3
"""Looks in a row without overlapping calls before the thread is let go."""


def core_of(index: int, settings: Settings) -> int | None:
    """For the worker of that number; None where it may run anywhere: there are more workers than cores, or the embedded
    model computes on all of them."""
    if sys.platform != "linux" or uses_embedded_model(settings):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[index] if settings.workers <= len(cores) else None


@asynccontextmanager
async def staying_on(core: int | None, running_calls: Callable[[], int]) -> AsyncGenerator[None, None]:
    """Keep the thread of this event loop on one core while there is more than one call; None: never."""
    if core is None or sys.platform != "linux":
        yield
        return
    task = asyncio.create_task(_follow(core, running_calls))
    try:
        yield
    finally:
        task.cancel()


async def _follow(core: int, running_calls: Callable[[], int]) -> None:
    anywhere, stays, calm = free_to_move(), False, 0
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        calm = 0 if running_calls() > 1 else calm + 1
        if not stays and not calm:
            stay_on(core)
            stays = True
        elif stays and calm == _CALM_LOOKS:
            anywhere()
            stays = False


def stay_on(core: int) -> None:
    """Keep the calling thread, and those it starts from now on, on one core."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {core})


def free_to_move() -> Callable[[], None]:
    """What lets another thread run wherever the calling one may run now."""
    if sys.platform != "linux":
        return lambda: None
    cores = os.sched_getaffinity(0)
    return lambda: os.sched_setaffinity(0, cores)
