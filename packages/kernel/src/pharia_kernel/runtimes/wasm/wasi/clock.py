"""Clocks and waiting. A sleeping guest holds no thread, and can be stopped at any moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from pharia_kernel.runtimes.wasm.host.errors import HostError
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.functions import HostFunction, Wait

NANOSECOND = 1e-9
ALWAYS = 0
"""Due time of a pollable that is always ready: streams of this host never make a guest wait."""

# A pollable is the time it is due, in nanoseconds of the monotonic clock.
Pollable = int

_FARTHEST = 365 * 24 * 3600.0
"""Seconds a guest may ask to sleep at once; its deadline comes long before."""


def add_pollable(execution: Execution, due: Pollable) -> int:
    return execution.resources.add(due)


def _due(execution: Execution, number: int) -> Pollable:
    due = execution.resources.get(number)
    if not isinstance(due, int):
        raise HostError(f"handle {number} is not a pollable")
    return due


async def _sleep_until(due: Pollable) -> None:
    seconds = (due - time.monotonic_ns()) * NANOSECOND
    await asyncio.sleep(min(max(seconds, 0.0), _FARTHEST))


def _poll(execution: Execution, numbers: Sequence[int]) -> list[int] | Wait:
    if not numbers:
        raise HostError("poll was called without anything to wait for")
    times = [_due(execution, number) for number in numbers]

    def ready() -> list[int]:
        now = time.monotonic_ns()
        return [index for index, due in enumerate(times) if due <= now]

    async def wait() -> list[int]:
        first = min(times)
        await _sleep_until(first)
        return ready() or [times.index(first)]

    return ready() or Wait(wait)


def _block(execution: Execution, number: int) -> Wait | None:
    due = _due(execution, number)
    return None if due <= time.monotonic_ns() else Wait(lambda: _sleep_until(due))


def _wall_clock(_: Execution) -> dict[str, int]:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return {"seconds": seconds, "nanoseconds": nanoseconds}


CLOCK_FUNCTIONS = {
    "wasi:clocks/monotonic-clock": {
        "now": HostFunction(lambda _: time.monotonic_ns()),
        "resolution": HostFunction(lambda _: 1),
        "subscribe-instant": HostFunction(lambda e, when: add_pollable(e, when)),
        "subscribe-duration": HostFunction(lambda e, duration: add_pollable(e, time.monotonic_ns() + duration)),
    },
    "wasi:clocks/wall-clock": {
        "now": HostFunction(_wall_clock),
        "resolution": HostFunction(lambda _: {"seconds": 0, "nanoseconds": 1}),
    },
    "wasi:io/poll": {
        "poll": HostFunction(_poll, waits=True),
        "[method]pollable.ready": HostFunction(lambda e, number: _due(e, number) <= time.monotonic_ns()),
        "[method]pollable.block": HostFunction(_block, waits=True),
    },
}
