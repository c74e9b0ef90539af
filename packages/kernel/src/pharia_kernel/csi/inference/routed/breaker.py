"""Leaves a backend alone that fails again and again, and tries it again after a while."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    InvalidCsiRequest,
    ModelNotFound,
)

logger = logging.getLogger("pharia_kernel.inference")

_FAILURES = (BackendUnavailable, BackendFailed, BackendAnswerInvalid, BackendTimeout)
"""What says that the backend is not well."""
_REFUSALS = (InvalidCsiRequest, ModelNotFound, BackendUnauthorized, BackendRateLimited)
"""What only a backend says that is alive."""

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class BreakerOptions:
    failures: int = 5
    """In a row, until the backend is left alone."""
    pause_seconds: float = 15.0
    """Until one request tries it again."""


class CircuitBreaker:
    """``with`` the attempt that :meth:`attempt` gives for each request; what it raises decides about the next."""

    def __init__(self, name: str, options: BreakerOptions, time: Callable[[], float]) -> None:
        """``time`` is a monotonic clock in seconds."""
        self._name = name
        self._options = options
        self._time = time
        self._failures = 0
        self._retry_at: float | None = None
        """While the breaker is not closed."""
        self._probe: Attempt | None = None

    @property
    def state(self) -> State:
        if self._retry_at is None:
            return "closed"
        return "half-open" if self._time() >= self._retry_at else "open"

    def check(self) -> None:
        """Raises :class:`BackendUnavailable` if an attempt would not be made now."""
        if self._retry_at is None:
            return
        left = self._retry_at - self._time()
        if left > 0 or self._probe is not None:
            seconds = max(1, math.ceil(left))
            error = BackendUnavailable(
                f"{self._name} failed {self._failures} times in a row; it is tried again in {seconds} s"
            )
            error.retry_after = seconds
            raise error

    def attempt(self) -> Attempt:
        """Raises like :meth:`check`. Half open, one attempt at a time is made."""
        self.check()
        attempt = Attempt(self)
        if self._retry_at is not None:
            self._probe = attempt
        return attempt

    def answered(self, attempt: Attempt) -> None:
        """The first part of a stream is there: others need not wait for its end, but if it fails all is as before."""
        if attempt is self._probe:
            self._close(self._options.failures - 1)

    def succeeded(self) -> None:
        self._close(0)

    def failed(self, attempt: Attempt, error: BaseException) -> None:
        self._failures += 1
        if self._retry_at is None and self._failures < self._options.failures:
            return
        if self._retry_at is None or attempt is self._probe:
            self._retry_at = self._time() + self._options.pause_seconds
            self._probe = None
            logger.error(
                "%s failed %d times in a row and is left alone for %g s: %s",
                self._name,
                self._failures,
                self._options.pause_seconds,
                error,
            )

    def gave_up(self, attempt: Attempt) -> None:
        """Neither succeeded nor failed; if it was the probe, the next request is one."""
        if attempt is self._probe:
            self._probe = None

    def _close(self, failures: int) -> None:
        if self._retry_at is not None:
            logger.info("%s answers again", self._name)
        self._failures = failures
        self._retry_at = self._probe = None


class Attempt:
    """One request to the backend."""

    __slots__ = ("_breaker",)

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    def answered(self) -> None:
        self._breaker.answered(self)

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _FAILURES):
            self._breaker.failed(self, error)
        elif error is None or isinstance(error, _REFUSALS):
            self._breaker.succeeded()
        else:
            self._breaker.gave_up(self)
