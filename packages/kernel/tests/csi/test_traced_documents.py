"""Spans of work on documents, over the real index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doubles.library import AT, library, text
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.tools import Toolbox
from pharia_kernel.csi.types import DocPath, IndexPath, SearchRequest
from pharia_kernel.errors import DocumentNotFound, InvalidCsiRequest
from pharia_kernel.types import Caller

_INDEX = IndexPath("Kernel", "test", "asym-64")
_PATH = DocPath("Kernel", "test", "d")
_PLACE = {"namespace": "Kernel", "collection": "test"}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def csi(spans: InMemorySpanExporter, tmp_path: Path) -> AsyncIterator[InvocationCsi]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with library(tmp_path) as documents:
        await documents.put(AT, [text("d", "secret text", metadata={"of": "secret"})])
        drivers = Drivers(AbsentBackend(), Toolbox([]), provider.get_tracer("test"), documents=documents)
        yield InvocationCsi(drivers, Caller(), "dev")


async def test_a_search_says_where_and_how_many(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    await csi.search([SearchRequest(_INDEX, "secret query", 2, 0.1)])
    (span,) = spans.get_finished_spans()
    expected = {**_PLACE, "index": "asym-64", "max_results": 2, "min_score": "0.1", "filters": 0, "results": 1}
    assert (span.name, dict(span.attributes or {})) == ("search", expected)
    assert "secret" not in span.to_json()


async def test_reading_says_what(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    await csi.documents([_PATH])
    await csi.document_metadata([_PATH])
    found = [(span.name, dict(span.attributes or {})) for span in spans.get_finished_spans()]
    assert found == [("document", {**_PLACE, "name": "d"}), ("document_metadata", {**_PLACE, "name": "d"})]
    assert "secret" not in "".join(span.to_json() for span in spans.get_finished_spans())


async def test_a_list_is_answered_in_order_within_one_span(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    found = await csi.search([SearchRequest(_INDEX, query, limit) for query, limit in (("a", 0), ("a", 1))])
    assert [len(hits) for hits in found] == [0, 1]
    await csi.documents([_PATH, _PATH])
    await csi.document_metadata([_PATH, _PATH])
    names = [span.name for span in spans.get_finished_spans()]
    assert names[2::3] == ["search_concurrent", "document_concurrent", "document_metadata_concurrent"]


async def test_failures_have_their_code(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    with pytest.raises(DocumentNotFound):
        await csi.documents([DocPath("Kernel", "test", "other")])
    with pytest.raises(InvalidCsiRequest):
        await csi.search([SearchRequest(_INDEX, "q", 10**6)])
    codes = [(span.attributes or {})["error.type"] for span in spans.get_finished_spans()]
    assert codes == ["document-not-found", "csi-invalid-request"]
