"""One request is one trace: the caller's, the kernel's, the skill's and the model endpoint's."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from components import wat
from doubles.openai_stub import Events, Whole, chat_chunks, completion_answer
from pharia_kernel.telemetry.tracing import Tracing

from .conftest import Haiku, Start
from .served import Served

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(provider)


async def spans_of(kernel: Served, exporter: InMemorySpanExporter, request: str) -> dict[str, ReadableSpan]:
    """By name; the span of the request ends a moment after its answer."""
    await kernel.until(lambda: any(span.name == request for span in exporter.get_finished_spans()))
    return {span.name: span for span in exporter.get_finished_spans()}


def parent_of(spans: dict[str, ReadableSpan], name: str) -> str | None:
    parent = spans[name].parent
    assert parent is not None
    names = {span.context.span_id: name for name, span in spans.items() if span.context is not None}
    return names.get(parent.span_id)


def traces_of(spans: dict[str, ReadableSpan]) -> set[str]:
    return {f"{span.context.trace_id:032x}" for span in spans.values() if span.context is not None}


async def test_a_call_is_one_trace(start: Start, tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    kernel = await start(tracing=tracing)
    kernel.put("asking", wat.ASKING)
    kernel.stub.replies = [Whole(completion_answer("Hello back"))]
    answer = await kernel.client.post("/v1/skills/dev/asking/run", json="hello", headers=PARENT)
    request = "POST /v1/skills/{namespace}/{name}/run"
    spans = await spans_of(kernel, exporter, request)
    assert TRACE in answer.headers["traceparent"]
    assert traces_of(spans) == {TRACE}
    assert parent_of(spans, "skill_execution") == request
    assert parent_of(spans, "text_completion") == "skill_execution"
    model = spans["text_completion"].context
    assert model is not None
    assert kernel.stub.received[-1].headers["traceparent"] == f"00-{TRACE}-{model.span_id:016x}-01"


async def test_a_stream_is_one_trace(
    start: Start, haiku: Haiku, tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    kernel = await start(haiku=haiku, tracing=tracing)
    kernel.stub.replies = [Events(chat_chunks("Oat", " milk"))]
    await kernel.events("haiku", {"topic": "oat milk"})
    request = "POST /v1/skills/{namespace}/{name}/message-stream"
    spans = await spans_of(kernel, exporter, request)
    assert len(traces_of(spans)) == 1
    assert parent_of(spans, "skill_execution") == request
    assert parent_of(spans, "chat") == "skill_execution"
