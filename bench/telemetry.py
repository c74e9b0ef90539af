"""What traces and metrics cost one call: a request, finding the skill, running it, and one chat."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.util.types import AttributeValue

from bench.report import Line, at_most, show
from pharia_kernel.csi.span import operation_span
from pharia_kernel.telemetry import genai
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.prometheus import PrometheusMetrics
from pharia_kernel.telemetry.propagation import trace_headers
from pharia_kernel.telemetry.requests import request_attributes
from pharia_kernel.telemetry.tracing import Tracing, traceparent

CALLS = 2000
ROUNDS = 9
PATH = "/v1/skills/dev/haiku/run"
SCOPE = {
    "method": "POST",
    "path": PATH,
    "scheme": "http",
    "http_version": "1.1",
    "query_string": b"",
    "headers": [(b"host", b"127.0.0.1:8081"), (b"user-agent", b"bench"), (b"content-type", b"application/json")],
}
PARAMETERS: dict[str, AttributeValue | None] = {genai.REQUEST_MAX_TOKENS: 64, genai.REQUEST_TEMPERATURE: 0.5}


class Nowhere(SpanExporter):
    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def provider(ratio: float) -> TracerProvider:
    made = TracerProvider(sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(Nowhere()))
    return made


def within_the_request(tracer: Tracer) -> Mapping[str, str]:
    with operation_span(tracer, "load_skill", {}):
        pass
    with operation_span(tracer, "skill_execution", {"skill": "dev/haiku", "skill.digest": "sha256:0"}):
        span = genai.begin(tracer, genai.CHAT, "model", PARAMETERS)
        genai.finished(span, "stop")
        genai.used(span, 3, 2, "model")
        headers = trace_headers()
        span.end()
    return headers


def spans_of(tracing: Tracing) -> Callable[[], None]:
    def call() -> None:
        with tracing.request("POST", SCOPE["headers"]) as span:  # type: ignore[arg-type]
            if span.is_recording():
                span.set_attributes(request_attributes(SCOPE))
            within_the_request(tracing.tracer)
            traceparent(span)

    return call


def spans_of_the_sdk(made: TracerProvider) -> Callable[[], None]:
    tracer = made.get_tracer("bench")

    def call() -> None:
        with tracer.start_as_current_span("POST", kind=SpanKind.SERVER, attributes=request_attributes(SCOPE)) as span:
            within_the_request(tracer)
            traceparent(span)

    return call


def numbers_of(metrics: Metrics) -> Callable[[], None]:
    def call() -> None:
        metrics.fetched("dev", "haiku", 0.001)
        metrics.asked("chat")
        metrics.used("model", 3, 2)
        metrics.executed("dev", "haiku", "ok", 0.3)
        metrics.answered("POST", PATH, 200, 0.3)

    return call


def microseconds(call: Callable[[], None]) -> float:
    """The quickest of several rounds: what others do on the machine is no cost of ours."""
    times = []
    for _ in range(ROUNDS):
        begin = time.thread_time()
        for _ in range(CALLS):
            call()
        times.append((time.thread_time() - begin) / CALLS)
    return min(times) * 1e6


def main() -> None:
    show(
        "Traces and metrics of one call, processor time of the event loop's thread",
        [
            at_most("traces off", microseconds(spans_of(Tracing())), "us", 20),
            at_most("traces on, call not sampled", microseconds(spans_of(Tracing(provider(0.0)))), "us", 25),
            Line("the same with the tracer of the SDK", microseconds(spans_of_the_sdk(provider(0.0))), "us"),
            Line("traces on, call sampled", microseconds(spans_of(Tracing(provider(1.0)))), "us"),
            at_most("metrics off", microseconds(numbers_of(Metrics())), "us", 2),
            at_most("metrics on", microseconds(numbers_of(PrometheusMetrics())), "us", 20),
        ],
    )


if __name__ == "__main__":
    main()
