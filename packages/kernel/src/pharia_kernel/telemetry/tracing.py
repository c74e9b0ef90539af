"""One span per request, joined to the caller's trace (W3C ``traceparent``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

SERVICE = "pharia-kernel"
_PROPAGATOR = TraceContextTextMapPropagator()
_TRACE_HEADERS = (b"traceparent", b"tracestate")


class Tracing:
    """The spans of one server. Spans stay in the process until the provider has an exporter."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        """``provider`` is for tests and exporters; it stays the caller's."""
        release = version(SERVICE)
        resource = Resource({"service.name": SERVICE, "service.version": release})
        self._provider = provider or TracerProvider(resource=resource, shutdown_on_exit=False)
        self.tracer = self._provider.get_tracer(SERVICE, release)

    @contextmanager
    def request(
        self, name: str, headers: Iterable[tuple[bytes, bytes]], attributes: Mapping[str, AttributeValue]
    ) -> Iterator[Span]:
        """The span of one request is the current one while the context is open."""
        carrier = {key.decode(): value.decode("latin-1") for key, value in headers if key in _TRACE_HEADERS}
        with self.tracer.start_as_current_span(
            name,
            context=_PROPAGATOR.extract(carrier) if carrier else None,
            kind=SpanKind.SERVER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span


def traceparent(span: Span) -> str:
    """The header that tells others to join this span."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def current_trace_id() -> str | None:
    """Trace of the current span as 32 hex digits."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
