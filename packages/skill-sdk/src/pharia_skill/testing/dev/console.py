"""Traces for the eye: one tree a trace, with times and tokens."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_INPUT, _OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"


class ConsoleExporter(SpanExporter):
    """Prints a trace when its outermost span has ended; ``out`` is the standard error by default."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._open: dict[int, list[ReadableSpan]] = {}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            trace_id = span.context.trace_id
            self._open.setdefault(trace_id, []).append(span)
            if span.parent is None or span.parent.is_remote:
                print(render(self._open.pop(trace_id)), file=self._out or sys.stderr)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        for spans in self._open.values():
            print(render(spans), file=self._out or sys.stderr)
        self._open.clear()


def render(spans: Sequence[ReadableSpan]) -> str:
    """The spans of one trace, children below their parents, in the order of their beginnings."""
    known = {span.context.span_id for span in spans}
    children: dict[int | None, list[ReadableSpan]] = {}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        parent = span.parent.span_id if span.parent is not None and span.parent.span_id in known else None
        children.setdefault(parent, []).append(span)
    lines: list[str] = []

    def add(parent: int | None, depth: int) -> None:
        for span in children.get(parent, []):
            lines.append("  " * depth + _line(span))
            add(span.context.span_id, depth + 1)

    add(None, 0)
    total = _tokens(spans)
    if total and len(spans) > 1:
        lines.append(total)
    return "\n".join(lines)


def _line(span: ReadableSpan) -> str:
    milliseconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    failed = "" if span.status.is_ok else f"  failed: {(span.status.description or '').partition(chr(10))[0]}"
    tokens = _tokens([span])
    return f"{span.name}  {milliseconds:.1f} ms{'  ' + tokens if tokens else ''}{failed}"


def _tokens(spans: Sequence[ReadableSpan]) -> str:
    counts = [
        sum(value for span in spans if isinstance(value := (span.attributes or {}).get(name), int))
        for name in (_INPUT, _OUTPUT)
    ]
    return f"{counts[0]} tokens in, {counts[1]} out" if any(counts) else ""
