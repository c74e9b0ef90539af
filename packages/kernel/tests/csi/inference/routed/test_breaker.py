"""When a backend is left alone, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging

import pytest

from pharia_kernel.csi.inference.routed import BreakerOptions, CircuitBreaker
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CsiError,
    InvalidCsiRequest,
    ModelNotFound,
    NotConfigured,
    UnsupportedOperation,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("backend main", BreakerOptions(failures=3, pause_seconds=10), clock)


def attempt(breaker: CircuitBreaker, error: BaseException | None = None) -> None:
    try:
        with breaker.attempt():
            if error is not None:
                raise error
    except BaseException as raised:
        if raised is not error:
            raise


def broken_stream(breaker: CircuitBreaker) -> None:
    try:
        with breaker.attempt() as stream:
            stream.answered()
            raise BackendFailed("x")
    except BackendFailed:
        pass


def opened(breaker: CircuitBreaker) -> CircuitBreaker:
    for _ in range(3):
        attempt(breaker, BackendFailed("x"))
    return breaker


@pytest.mark.parametrize("error", [BackendUnavailable, BackendFailed, BackendAnswerInvalid, BackendTimeout])
def test_failures_of_the_backend_in_a_row_open_it(breaker: CircuitBreaker, error: type[CsiError]) -> None:
    for _ in range(2):
        attempt(breaker, error("x"))
    assert breaker.state == "closed"
    attempt(breaker, error("x"))
    assert breaker.state == "open"


@pytest.mark.parametrize("error", [None, InvalidCsiRequest, ModelNotFound, BackendUnauthorized, BackendRateLimited])
def test_whatever_only_a_living_backend_says_begins_the_count_anew(
    breaker: CircuitBreaker, error: type[CsiError] | None
) -> None:
    for _ in range(2):
        attempt(breaker, BackendFailed("x"))
    attempt(breaker, error("x") if error is not None else None)
    attempt(breaker, BackendFailed("x"))
    assert breaker.state == "closed"


@pytest.mark.parametrize("error", [UnsupportedOperation("x"), NotConfigured("x"), asyncio.CancelledError()])
def test_what_says_nothing_about_the_backend_changes_nothing(breaker: CircuitBreaker, error: BaseException) -> None:
    for _ in range(5):
        attempt(breaker, error)
    assert breaker.state == "closed"
    for _ in range(2):
        attempt(breaker, BackendFailed("x"))
    attempt(breaker, error)
    attempt(breaker, BackendFailed("x"))
    assert breaker.state == "open"


def test_an_open_one_refuses_and_says_for_how_long(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 3.5
    for refuse in (breaker.check, breaker.attempt):
        with pytest.raises(BackendUnavailable, match=r"backend main failed 3 times in a row; .* in 7 s") as raised:
            refuse()
        assert raised.value.retry_after == 7


def test_after_the_pause_one_request_at_a_time_tries_it(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 10
    assert breaker.state == "half-open"
    with breaker.attempt(), pytest.raises(BackendUnavailable):
        breaker.attempt()
    assert breaker.state == "closed"


def test_a_probe_that_fails_begins_another_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 10
    attempt(breaker, BackendTimeout("x"))
    assert breaker.state == "open"
    clock.now += 9
    assert breaker.state == "open"
    clock.now += 1
    attempt(breaker)
    assert breaker.state == "closed"


def test_a_probe_that_was_cancelled_leaves_it_to_the_next(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 10
    attempt(breaker, asyncio.CancelledError())
    assert breaker.state == "half-open"
    attempt(breaker)
    assert breaker.state == "closed"


def test_requests_from_before_do_not_lengthen_the_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    late = breaker.attempt()
    opened(breaker)
    clock.now += 9
    with pytest.raises(BackendFailed), late:
        raise BackendFailed("x")
    clock.now += 1
    assert breaker.state == "half-open"


def test_the_first_part_of_a_stream_lets_others_in(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 10
    with breaker.attempt() as stream:
        stream.answered()
        assert breaker.state == "closed"
        attempt(breaker)


def test_a_stream_that_breaks_after_its_first_part_is_a_failure(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 10
    broken_stream(breaker)
    assert breaker.state == "open"


def test_streams_that_always_break_open_it_too(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        broken_stream(breaker)
    assert breaker.state == "open"


def test_the_log_says_when_it_opens_and_when_it_closes(
    breaker: CircuitBreaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    opened(breaker)
    clock.now += 10
    attempt(breaker)
    attempt(breaker)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "backend main failed 3 times in a row and is left alone for 10 s: x"),
        ("INFO", "backend main answers again"),
    ]
