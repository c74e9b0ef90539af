"""When a request is sent again."""

from __future__ import annotations

from pharia_kernel.csi.http.retry import RetryPolicy

_POLICY = RetryPolicy(retries=3, first_seconds=0.5, longest_seconds=1.5)


def _highest(low: float, high: float) -> float:
    return high


def test_pauses_grow_up_to_the_longest_and_then_it_is_over() -> None:
    assert [_POLICY.pause(attempt, None, _highest) for attempt in range(4)] == [0.5, 1.0, 1.5, None]


def test_pauses_are_drawn_from_zero_to_the_bound() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.25

    assert _POLICY.pause(1, None, draw) == 0.25
    assert drawn == [(0, 1.0)]


def test_the_backends_wish_is_the_shortest_pause() -> None:
    assert _POLICY.pause(0, 1, _highest) == 1


def test_a_backend_that_wants_a_long_pause_is_not_asked_again() -> None:
    assert _POLICY.pause(0, 2, _highest) is None
