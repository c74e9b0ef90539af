"""Spans of work on texts, over the real drivers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doubles.tokenizer_source import ScriptedSource
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.language import LanguageSelector
from pharia_kernel.csi.tools import NativeTools, Toolbox
from pharia_kernel.csi.types import ChunkRequest, LanguageRequest
from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.types import Caller

_ENGLISH = "This is a secret sentence in the language of the island."


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.clear()


@pytest.fixture
async def csi(spans: InMemorySpanExporter) -> AsyncIterator[InvocationCsi]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with (
        Chunker(ChunkingOptions(fall_back=True), [ScriptedSource("known")]) as chunker,
        LanguageSelector() as languages,
    ):
        tracer = provider.get_tracer("test")
        drivers = Drivers(AbsentBackend(), Toolbox([NativeTools()]), tracer, chunking=chunker, language=languages)
        yield InvocationCsi(drivers, Caller(), "dev")


async def test_a_chunking_says_what_was_measured(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    assert len(await csi.chunk([ChunkRequest("ä secret text", "known", 4, 1)])) == 1
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert attributes.pop("chunk.count")
    assert (span.name, attributes) == (
        "chunk",
        {"text_len": 14, "max_tokens": 4, "overlap": 1, "gen_ai.request.model": "known", "chunk.unit": "tokens"},
    )


async def test_a_chunking_in_characters_says_why(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    await csi.chunk([ChunkRequest("a secret text", "other", 4)])
    (span,) = spans.get_finished_spans()
    attributes = span.attributes or {}
    assert (attributes["chunk.unit"], attributes["chunk.fallback"]) == ("characters", "not-configured")


async def test_a_selection_says_how_many_candidates_there_were(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    assert await csi.select_language([LanguageRequest(_ENGLISH, ("eng", "deu"))]) == ["eng"]
    (span,) = spans.get_finished_spans()
    assert span.name == "select_language"
    assert dict(span.attributes or {}) == {"text_len": len(_ENGLISH), "languages": 2, "language": "eng"}


async def test_failures_have_their_code_and_nothing_of_the_text(
    csi: InvocationCsi, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(InvalidCsiRequest):
        await csi.chunk([ChunkRequest("a secret text", "known", 0)])
    with pytest.raises(InvalidCsiRequest):
        await csi.select_language([LanguageRequest("a secret text", ("foo",))])
    assert [(span.attributes or {})["error.type"] for span in spans.get_finished_spans()] == 2 * ["csi-invalid-request"]
    assert "secret" not in "".join(span.to_json() for span in spans.get_finished_spans())


async def test_lists_are_answered_in_order_within_one_span(csi: InvocationCsi, spans: InMemorySpanExporter) -> None:
    chunked = await csi.chunk([ChunkRequest(text, "known", 9) for text in ("one", "", "two")])
    assert [[chunk.text for chunk in chunks] for chunks in chunked] == [["one"], [], ["two"]]
    candidates = [LanguageRequest(_ENGLISH, ()), LanguageRequest(_ENGLISH, ("eng", "deu"))]
    assert await csi.select_language(candidates) == [None, "eng"]
    names = [span.name for span in spans.get_finished_spans()]
    assert (names[3], names[6]) == ("chunk_concurrent", "select_language_concurrent")
