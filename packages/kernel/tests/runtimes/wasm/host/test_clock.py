"""The clock ticks while guests compute, and rests when there are none."""

from __future__ import annotations

import time
from queue import SimpleQueue
from threading import Event

from pharia_kernel.runtimes.wasm.host.clock import Clock


class Ticks:
    def __init__(self) -> None:
        self.happened = Event()

    def tick(self) -> None:
        self.happened.set()

    def comes(self) -> bool:
        self.happened.clear()
        return self.happened.wait(10)


def test_a_clock_that_fell_asleep_ticks_for_the_next_guest() -> None:
    ticks = Ticks()
    with Clock(ticks, 0.001, awake_seconds=0) as clock:
        for _ in range(20):
            clock.guest_enters()
            assert ticks.comes()
            clock.guest_leaves()


def test_a_clock_ticks_as_long_as_any_guest_computes() -> None:
    ticks = Ticks()
    with Clock(ticks, 0.001, awake_seconds=0) as clock:
        clock.guest_enters()
        clock.guest_enters()
        clock.guest_leaves()
        assert clock.guests == 1
        assert ticks.comes()
        assert ticks.comes()


def test_a_sleeping_clock_can_be_stopped() -> None:
    for _ in range(50):
        with Clock(Ticks(), 0.0001, awake_seconds=0):
            pass


def test_a_clock_that_was_woken_stays_awake_for_the_turns_that_follow() -> None:
    """Also when the guest that woke it was gone before the first tick."""
    begun, go_on = SimpleQueue[float](), SimpleQueue[None]()

    def sleep(seconds: float) -> None:
        begun.put(seconds)
        go_on.get(timeout=10)

    with Clock(Ticks(), 1, awake_seconds=5, sleep=sleep) as clock:
        for _ in range(2):
            for _ in range(6):
                begun.get(timeout=10)
                go_on.put(None)
            while not clock._asleep:
                time.sleep(0)
            clock.guest_enters()
            clock.guest_leaves()
        for _ in range(6):
            go_on.put(None)
