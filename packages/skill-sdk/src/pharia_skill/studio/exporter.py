"""Whole traces for the Studio that took no OTLP."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from pharia_skill.studio.span import StudioSpan
from pharia_skill.testing.dev.exporters import PhariaSkillProcessor

_log = logging.getLogger("pharia_skill.studio")

StudioSpanProcessor = PhariaSkillProcessor
"""The name up to SDK 0.19."""


class SpanClient(Protocol):
    """Takes the spans of one trace."""

    def submit_spans(self, spans: Sequence[StudioSpan]) -> None: ...


class StudioExporter(SpanExporter):
    """Keeps the spans of a trace until the outermost has ended: Studio takes a trace only once."""

    def __init__(self, client: SpanClient) -> None:
        self.client = client
        self.spans: dict[int, list[ReadableSpan]] = {}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Raises what the client raises."""
        for span in spans:
            if span.context is None:
                raise ValueError(f"Span has no context: {span.name}")
            self.spans.setdefault(span.context.trace_id, []).append(span)
            if span.parent is None:
                whole = self.spans.pop(span.context.trace_id)
                self.client.submit_spans([StudioSpan.from_otel(part) for part in whole])
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Traces that never ended are let go."""
        if self.spans:
            _log.warning("%d traces had not ended and are not in Studio", len(self.spans))
        self.spans.clear()
