"""Where spans go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from opentelemetry import trace
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from pharia_skill.errors import SettingInvalid

_log = logging.getLogger("pharia_skill.tracing")

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class PhariaSkillProcessor(SimpleSpanProcessor):
    """The one processor of the SDK: a second exporter takes the place of the first.

    Exporters wait long for a collector that is not there, and a skill waits for them at the end of every span. So one
    that failed is left alone for ``pause`` seconds; its spans are lost.
    """

    def __init__(
        self, span_exporter: SpanExporter, *, pause: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(span_exporter)
        self._pause = pause
        self._clock = clock
        self._failed: SpanExporter | None = None
        self._until = 0.0

    def on_end(self, span: ReadableSpan) -> None:
        exporter = self.span_exporter
        if not span.context.trace_flags.sampled or (exporter is self._failed and self._clock() < self._until):
            return
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            succeeded = exporter.export((span,)) is SpanExportResult.SUCCESS
        except Exception:
            _log.exception("%s failed", type(exporter).__name__)
            succeeded = False
        finally:
            detach(token)
        if not succeeded:
            self._failed, self._until = exporter, self._clock() + self._pause
            _log.warning("no traces for %g s: %s could not deliver them", self._pause, type(exporter).__name__)


def global_provider() -> TracerProvider:
    """OpenTelemetry's provider of this process, made when there is none yet."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    return provider


def set_exporter(exporter: SpanExporter) -> None:
    processor = _own_processor()
    if processor is None:
        global_provider().add_span_processor(PhariaSkillProcessor(exporter))
    else:
        processor.span_exporter = exporter


def current_exporter() -> SpanExporter | None:
    processor = _own_processor()
    return processor.span_exporter if processor is not None else None


def exporter_of(environ: Mapping[str, str]) -> SpanExporter | None:
    """What OpenTelemetry's own variables ask for: ``OTEL_TRACES_EXPORTER`` (otlp, console, none), or an endpoint."""
    asked = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if asked == "console":
        from pharia_skill.testing.dev.console import ConsoleExporter

        return ConsoleExporter()
    if asked == "otlp" or (not asked and any(environ.get(name) for name in _ENDPOINTS)):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()
    if asked in ("", "none"):
        return None
    raise SettingInvalid(f"OTEL_TRACES_EXPORTER is {asked!r} (use otlp, console or none)")


def _own_processor() -> PhariaSkillProcessor | None:
    processors: tuple[SpanProcessor, ...] = global_provider()._active_span_processor._span_processors
    return next((processor for processor in processors if isinstance(processor, PhariaSkillProcessor)), None)
