"""Spans around skills and calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import Span, Status, StatusCode, Tracer

from pharia_skill.testing.dev.streaming_output import MessageRecorder


class SkillSpan:
    """The span of one run of a skill."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def output(self, json_text: str) -> None:
        self._span.set_attribute("output", json_text)


@contextmanager
def skill_span(tracer: Tracer, name: str, input_json: Callable[[], str], writer: Any = None) -> Iterator[SkillSpan]:
    """A writer notes its items in the span; what a recorder took is the output. An exception marks the span."""
    with tracer.start_as_current_span(name) as span:
        if span.is_recording():
            span.set_attribute("input", input_json())
        if writer is not None:
            writer.span = span
        yield SkillSpan(span)
        if isinstance(writer, MessageRecorder):
            span.set_attribute("output", writer.skill_output())


def fail(span: Span, error: BaseException) -> None:
    """End a span that is not the current one."""
    if isinstance(error, Exception):
        span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
    span.end()
