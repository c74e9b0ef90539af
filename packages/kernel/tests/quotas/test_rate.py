"""How many calls pass, to the call."""

from __future__ import annotations

import random

import pytest

from pharia_kernel.quotas import Limits, rate


def passed(arrivals: list[float], per_second: float, burst: int) -> list[float]:
    earned, through = 0.0, []
    for now in arrivals:
        if rate.wait(earned, now, per_second, burst) == 0:
            earned = rate.granted(earned, now, per_second)
            through.append(now)
    return through


@pytest.mark.parametrize("burst", [1, 2, 10])
def test_after_a_pause_a_burst_passes_and_then_one_at_a_time(burst: int) -> None:
    assert len(passed([100.0] * 50, 10, burst)) == burst
    assert len(passed([100.0] * 50 + [100.1] * 50, 10, burst)) == burst + 1


@pytest.mark.parametrize("seed", range(20))
def test_in_any_time_no_more_passes_than_the_burst_and_what_the_rate_gives(seed: int) -> None:
    chance = random.Random(seed)
    per_second, burst = chance.uniform(0.5, 50), chance.randint(1, 8)
    arrivals = sorted(chance.uniform(0, 60) for _ in range(2000))
    through = passed(arrivals, per_second, burst)
    for first in range(0, len(through), 7):
        for last in range(first, len(through), 11):
            time = through[last] - through[first]
            assert last - first + 1 <= burst + per_second * time + 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_who_asks_for_twice_the_rate_gets_the_rate(seed: int) -> None:
    chance = random.Random(seed)
    arrivals = sorted(chance.uniform(0, 30) for _ in range(2 * 20 * 30))
    assert 600 * 0.99 <= len(passed(arrivals, 20, Limits(rate=20).most_at_once)) <= 600 * 1.01


def test_who_waits_as_long_as_told_passes_and_who_comes_earlier_does_not() -> None:
    earned = rate.granted(rate.granted(0.0, 5.0, 4), 5.0, 4)
    wait = rate.wait(earned, 5.1, 4, 2)
    assert wait == pytest.approx(0.15)
    assert rate.wait(earned, 5.1 + wait, 4, 2) == 0
    assert rate.wait(earned, 5.1 + wait - 0.01, 4, 2) > 0
