"""What is known of each execution afterwards: one span, one log record, its numbers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Status, StatusCode, Tracer

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


@contextmanager
def recorded(tracer: Tracer, metrics: Metrics, path: SkillPath, digest: str) -> Iterator[None]:
    """Record how the block ends; whatever is no :class:`KernelError` leaves as :class:`HostFault`."""
    began = time.perf_counter()
    with tracer.start_as_current_span(
        "skill_execution",
        attributes={"skill": str(path), "skill.digest": digest},
        record_exception=False,  # its text may hold what users wrote
        set_status_on_exception=False,
    ) as span:
        error: KernelError | None = None
        outcome = "ok"
        try:
            yield
        except KernelError as failure:
            error, outcome = failure, failure.code
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except Exception as fault:
            logger.exception("skill %s: fault of the kernel", path)
            error = HostFault(f"running skill {path} failed unexpectedly ({type(fault).__name__})")
            outcome = error.code
            raise error from fault
        finally:
            if outcome != "ok":
                span.set_status(Status(StatusCode.ERROR, outcome))
            seconds = time.perf_counter() - began
            _log(path, digest, outcome, error, seconds)
            metrics.executed(path.namespace, path.name, _status(outcome, error), seconds)


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
