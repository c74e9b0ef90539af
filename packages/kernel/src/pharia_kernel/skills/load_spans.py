"""The steps of a load as spans of the call that waits for it; loads that nobody waits for have none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context

DOWNLOAD = "download"
COMPILE = "compile"


def waiting_call() -> Context | None:
    """The span that waits, for :func:`step` on another task; None outside of any."""
    return context.get_current() if trace.get_current_span().get_span_context().is_valid else None


@contextmanager
def step(tracer: trace.Tracer, name: str, waiting: Context | None) -> Iterator[None]:
    """What is asked over HTTP meanwhile joins the span too."""
    if waiting is None:
        yield
        return
    with tracer.start_as_current_span(name, waiting, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield
        except Exception:
            span.set_status(trace.StatusCode.ERROR)
            raise
