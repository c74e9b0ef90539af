"""How long to wait between looks."""

from __future__ import annotations

import pytest

from pharia_kernel.skills.pace import Pace


def middle(low: float, high: float) -> float:
    return (low + high) / 2


@pytest.mark.parametrize(("failures", "seconds"), [(0, 10), (1, 20), (2, 40), (5, 160), (6, 160), (1000, 160)])
def test_pauses_double_with_failures_up_to_the_longest(failures: int, seconds: float) -> None:
    assert Pace(10, longest=160).pause(failures, middle) == seconds


def test_without_a_longest_every_pause_is_the_interval() -> None:
    assert Pace(10).pause(7, middle) == 10


def test_jitter_makes_a_pause_longer_or_shorter() -> None:
    pace = Pace(10, jitter=0.1)
    assert (pace.pause(0, lambda low, high: low), pace.pause(0, lambda low, high: high)) == pytest.approx((9, 11))
