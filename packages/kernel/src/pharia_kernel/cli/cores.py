"""Which core the event loop of a worker process stays on.

Threads of one process that run on several cores interrupt each other whenever an instance writes to a page of memory
for the first time. Event loops that compute short turns on cores of their own are spared most of that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from pharia_kernel.config import Settings, uses_embedded_model


def core_of(index: int, settings: Settings) -> int | None:
    """For the worker of that number; None where it may run anywhere: there are more workers than cores, or the embedded
    model computes on all of them."""
    if sys.platform != "linux" or uses_embedded_model(settings):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[index] if settings.workers <= len(cores) else None


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
