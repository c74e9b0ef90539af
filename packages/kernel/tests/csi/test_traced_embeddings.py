"""Texts that become vectors: within a span, on an account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.embeddings import AbsentEmbedder
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.meter import Meter
from pharia_kernel.csi.tools import NativeTools, Toolbox
from pharia_kernel.csi.types import Embedding, EmbedRequest
from pharia_kernel.errors import BackendUnavailable, NotConfigured
from pharia_kernel.quotas import Spender
from pharia_kernel.types import Caller
from pharia_kernel.usage import UsageBook, UsageQuery, report


class Lengths(AbsentEmbedder):
    """The length of a text as a vector."""

    model = "lengths"
    failure: Exception | None = None

    async def embed(self, texts: Sequence[str]) -> Any:
        if self.failure is not None:
            raise self.failure
        return np.array([[len(text), 0.5] for text in texts], np.float32)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.clear()


class Asking:
    def __init__(self, spans: InMemorySpanExporter) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(spans))
        self.embedder = Lengths()
        self.usage = UsageBook()
        drivers = Drivers(
            AbsentBackend(), Toolbox([NativeTools()]), provider.get_tracer("test"), embedder=self.embedder
        )
        meter = Meter(Spender("dev", "notes", "key:1"), self.usage)
        self.csi = InvocationCsi(drivers, Caller(), "dev", meter=meter)


async def test_every_text_becomes_a_vector(spans: InMemorySpanExporter) -> None:
    asking = Asking(spans)
    found = await asking.csi.embed([EmbedRequest("milk"), EmbedRequest("oat")])
    assert found == [Embedding((4.0, 0.5), "lengths"), Embedding((3.0, 0.5), "lengths")]


async def test_the_span_names_the_model_and_not_the_text(spans: InMemorySpanExporter) -> None:
    await Asking(spans).csi.embed([EmbedRequest("secret")])
    (span,) = spans.get_finished_spans()
    assert (span.name, dict(span.attributes or {})) == (
        "embeddings",
        {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "lengths"},
    )


async def test_a_failure_is_seen_in_the_span(spans: InMemorySpanExporter) -> None:
    asking = Asking(spans)
    asking.embedder.failure = BackendUnavailable("gone")
    with pytest.raises(BackendUnavailable):
        await asking.csi.embed([EmbedRequest("milk")])
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "backend-unavailable"


async def test_it_costs_the_tokens_that_the_text_is_estimated_to_have(spans: InMemorySpanExporter) -> None:
    asking = Asking(spans)
    await asking.csi.embed([EmbedRequest("x" * 40)])
    total = report(asking.usage.rows(), UsageQuery()).total
    assert (total.input_tokens, total.output_tokens, total.request_failures) == (10, 0, 0)
    asking.embedder.failure = BackendUnavailable("gone")
    with pytest.raises(BackendUnavailable):
        await asking.csi.embed([EmbedRequest("x" * 40)])
    total = report(asking.usage.rows(), UsageQuery()).total
    assert (total.input_tokens, total.request_failures) == (10, 1)


async def test_without_an_embedder_there_are_no_vectors() -> None:
    csi = InvocationCsi(Drivers(AbsentBackend(), Toolbox([])), Caller(), "dev")
    with pytest.raises(NotConfigured, match="EMBEDDINGS__URL"):
        await csi.embed([EmbedRequest("milk")])
