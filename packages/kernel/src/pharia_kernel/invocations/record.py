"""What is known of each execution afterwards: one span, one log record, its numbers."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager
from types import TracebackType

from opentelemetry.trace import Span, Status, StatusCode, Tracer

from pharia_kernel.errors import (
    DeadlineExceeded,
    HostFault,
    InvalidOutput,
    KernelError,
    OutputTooLarge,
    ProtocolViolation,
    QuotaExceeded,
    RequestError,
    Saturated,
    SkillError,
    SkillRejectedInput,
    SkillReportedError,
)
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import SkillPath

logger = logging.getLogger("pharia_kernel.invocations")

_LOGIC = (
    RequestError,
    QuotaExceeded,
    SkillRejectedInput,
    SkillReportedError,
    InvalidOutput,
    OutputTooLarge,
    ProtocolViolation,
)


class Recorded:
    """Records how the block ends; whatever is no :class:`KernelError` leaves as :class:`HostFault`.

    Hot path: a generator in the place of the class would cost 2 us more.
    """

    __slots__ = ("_began", "_digest", "_made", "_metrics", "_path", "_span")

    _span: Span

    def __init__(self, tracer: Tracer, metrics: Metrics, path: SkillPath, digest: str) -> None:
        self._metrics = metrics
        self._path = path
        self._digest = digest
        self._began = time.perf_counter()
        self._made: AbstractContextManager[Span] = tracer.start_as_current_span(
            "skill_execution",
            attributes={"skill": str(path), "skill.digest": digest},
            record_exception=False,  # its text may hold what users wrote
            set_status_on_exception=False,
        )

    def __enter__(self) -> None:
        self._span = self._made.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        error = self._fault(raised) if isinstance(raised, Exception) else None
        outcome = "ok" if raised is None else "cancelled" if error is None else error.code
        if raised is not None:
            self._span.set_status(Status(StatusCode.ERROR, outcome))
        seconds = time.perf_counter() - self._began
        _log(self._path, self._digest, outcome, error, seconds)
        self._metrics.executed(self._path.namespace, self._path.name, _status(outcome, error), seconds)
        self._made.__exit__(kind, raised, traceback)
        if error is not None and error is not raised:
            raise error from raised

    def _fault(self, raised: Exception) -> KernelError:
        if isinstance(raised, KernelError):
            return raised
        logger.exception("skill %s: fault of the kernel", self._path, exc_info=raised)
        return HostFault(f"running skill {self._path} failed unexpectedly ({type(raised).__name__})")


def _log(path: SkillPath, digest: str, outcome: str, error: KernelError | None, seconds: float) -> None:
    level = _level(error)
    if not logger.isEnabledFor(level):
        return
    fields = {
        "skill": str(path),
        "namespace": path.namespace,
        "digest": digest,
        "duration_ms": round(seconds * 1000, 3),
        "outcome": outcome,
    }
    if error is None:
        logger.log(level, "skill %s: %s", path, outcome, extra=fields)
    else:
        logger.log(level, "skill %s: %s: %s", path, outcome, error, extra=fields)


def _status(outcome: str, error: KernelError | None) -> str:
    """Whose fault it was, in the words of the original's metrics."""
    if error is None:
        return outcome
    return "logic_error" if isinstance(error, _LOGIC) else "runtime_error"


def _level(error: KernelError | None) -> int:
    if error is None or isinstance(error, RequestError | QuotaExceeded | SkillRejectedInput | SkillReportedError):
        return logging.INFO
    return logging.WARNING if isinstance(error, SkillError | DeadlineExceeded | Saturated) else logging.ERROR
