"""Spans of model requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doubles.aleph_alpha import CALLER, aleph_alpha, explained
from doubles.endpoint import Endpoint
from doubles.openai_stub import Events, Hang, Whole, chat_answer, chat_chunks, completion_answer, delta, failure
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.tools import NativeTools, Toolbox
from pharia_kernel.csi.types import ChatRequest, CompleteRequest, ExplainRequest, ToolRequest, Turn
from pharia_kernel.errors import BackendFailed, UnsupportedOperation
from pharia_kernel.telemetry.propagation import trace_headers
from pharia_kernel.types import Caller

_CHAT = ChatRequest("m", (Turn("user", "a secret question"),), max_tokens=5, temperature=0.5)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.clear()


@pytest.fixture
def tracer(spans: InMemorySpanExporter) -> trace.Tracer:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider.get_tracer("test")


async def _bound(endpoint: Endpoint, tracer: trace.Tracer, *replies: Whole | Events | Hang) -> InvocationCsi:
    backend = await endpoint.backend(*replies, trace_headers=trace_headers)
    return InvocationCsi(Drivers(backend, Toolbox([NativeTools()]), tracer), Caller(), "test-beta")


async def test_a_chat_says_what_was_asked_who_answered_and_what_it_cost(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    await (await _bound(endpoint, tracer, Whole(chat_answer("a secret answer")))).chat([_CHAT])
    (span,) = spans.get_finished_spans()
    assert span.name == "chat"
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "stub-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
    }
    assert "secret" not in span.to_json()


async def test_a_stream_has_the_same_span(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    csi = await _bound(endpoint, tracer, Events(chat_chunks("a")))
    async for _ in csi.chat_stream(_CHAT):
        assert not trace.get_current_span().get_span_context().is_valid
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["gen_ai.usage.output_tokens"] == 2
    assert (span.attributes or {})["gen_ai.response.model"] == "stub-1"


async def test_an_explanation_has_a_span_that_names_the_model_and_shows_nothing_else(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    backend = await aleph_alpha(endpoint, Whole(explained((0, 1, 0.5))), trace_headers=trace_headers)
    csi = InvocationCsi(Drivers(backend, Toolbox([]), tracer), CALLER, "test-beta")
    await csi.explain([ExplainRequest("a secret prompt", "a secret target", "m")] * 2)
    first, _, around = spans.get_finished_spans()
    assert (first.name, around.name) == ("explain", "explain_concurrent")
    assert dict(first.attributes or {}) == {
        "gen_ai.operation.name": "explain",
        "gen_ai.request.model": "m",
        "model": "m",
    }
    assert f"{first.context.span_id:016x}" in "".join(
        request.headers["traceparent"] for request in endpoint.stub.received
    )
    assert "secret" not in first.to_json()


async def test_an_explanation_that_fails_is_marked_by_its_code(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(UnsupportedOperation):
        await (await _bound(endpoint, tracer)).explain([ExplainRequest("a", "b", "m")])
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "unsupported-operation"


async def test_a_list_has_a_span_around_those_of_its_requests(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    csi = await _bound(endpoint, tracer, Whole(completion_answer("upon")))
    await csi.complete([CompleteRequest("m", "Once"), CompleteRequest("m", "Twice")])
    first, second, around = spans.get_finished_spans()
    assert (first.name, second.name, around.name) == ("text_completion", "text_completion", "complete_concurrent")
    assert dict(around.attributes or {}) == {"requests": 2}
    assert {span.parent.span_id for span in (first, second) if span.parent} == {around.context.span_id}


async def test_the_backend_is_told_the_span_of_its_request(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    csi = await _bound(endpoint, tracer, Whole(chat_answer("a")), Events(chat_chunks("a")))
    await csi.chat([_CHAT])
    [part async for part in csi.chat_stream(_CHAT)]
    for span, request in zip(spans.get_finished_spans(), endpoint.stub.received, strict=True):
        assert f"{span.context.trace_id:032x}-{span.context.span_id:016x}" in request.headers["traceparent"]


async def test_without_a_span_the_backend_is_told_nothing(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(trace_headers=trace_headers)
    await backend.chat(_CHAT, Caller())
    assert "traceparent" not in endpoint.stub.received[0].headers


async def test_a_failure_is_marked_by_its_code_without_its_text(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    csi = await _bound(endpoint, tracer, Whole(failure("a secret answer"), status=500))
    with pytest.raises(BackendFailed):
        await csi.chat([_CHAT, _CHAT])
    *_, around = spans.get_finished_spans()
    failed = [span for span in spans.get_finished_spans() if (span.attributes or {}).get("error.type")]
    assert (failed[0].attributes or {})["error.type"] == "backend-failed"
    assert around.name == "chat_concurrent"
    assert all("secret" not in span.to_json() for span in spans.get_finished_spans())


async def test_a_stream_that_is_left_is_marked_as_cancelled(
    endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter
) -> None:
    async with await _bound(endpoint, tracer, Events([delta(content="a")], then="hang")) as csi:
        await anext(csi.chat_stream(_CHAT))
        stream = csi.chat_stream(_CHAT)
        await anext(stream)
    assert {(span.attributes or {})["error.type"] for span in spans.get_finished_spans()} == {"cancelled"}


async def test_a_tool_call_has_a_span(endpoint: Endpoint, tracer: trace.Tracer, spans: InMemorySpanExporter) -> None:
    await (await _bound(endpoint, tracer)).invoke_tools([ToolRequest("saboteur", ())])
    (span,) = spans.get_finished_spans()
    assert (span.name, dict(span.attributes or {})) == (
        "invoke_tool",
        {
            "tool_name": "saboteur",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "saboteur",
            "error.type": "tool-failed",
        },
    )
