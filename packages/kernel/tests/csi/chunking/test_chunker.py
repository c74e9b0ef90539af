from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from doubles.tokenizer import PROSE
from doubles.tokenizer_source import ScriptedSource
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.types import ChunkRequest
from pharia_kernel.errors import BackendFailed, InvalidCsiRequest, NotConfigured
from pharia_kernel.types import Caller

_CALLER = Caller()


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource("known")


@pytest.fixture
async def chunker(source: ScriptedSource) -> AsyncIterator[Chunker]:
    async with Chunker(ChunkingOptions(text_bytes=1_000_000), [source]) as chunker:
        yield chunker


@pytest.fixture
async def lenient(source: ScriptedSource) -> AsyncIterator[Chunker]:
    async with Chunker(ChunkingOptions(fall_back=True), [source]) as chunker:
        yield chunker


async def test_texts_are_measured_with_the_tokenizer_of_the_model(chunker: Chunker) -> None:
    chunked = await chunker.chunk(ChunkRequest(PROSE, "known", 20), _CALLER)
    assert len(chunked.chunks) > 3
    assert (chunked.unit, chunked.reason) == ("tokens", None)


async def test_an_unknown_model_is_an_error(chunker: Chunker) -> None:
    with pytest.raises(NotConfigured, match="no tokenizer for model 'other'"):
        await chunker.chunk(ChunkRequest("text", "other", 3), _CALLER)


async def test_characters_are_counted_only_if_that_was_configured_and_the_answer_says_so(
    lenient: Chunker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            chunked = await lenient.chunk(ChunkRequest("123456", "other", 3, 2), _CALLER)
    assert [chunk.text for chunk in chunked.chunks] == ["123", "234", "345", "456"]
    assert (chunked.unit, chunked.reason) == ("characters", "not-configured")
    (warning,) = [record.message for record in caplog.records if record.name == "pharia_kernel.tokenizers"]
    assert warning.startswith("chunks for model other are measured in characters: there is no tokenizer")


async def test_a_source_that_fails_is_a_reason_to_count_characters(lenient: Chunker, source: ScriptedSource) -> None:
    source.failures = [BackendFailed("broken")]
    assert (await lenient.chunk(ChunkRequest("text", "known", 3), _CALLER)).reason == "backend-failed"
    assert (await lenient.chunk(ChunkRequest("text", "known", 3), _CALLER)).reason is None


@pytest.mark.parametrize(("most", "overlap"), [(0, 0), (3, 3), (3, 4), (-1, -2), (3, -1), (2**32, 0)])
async def test_limits_that_make_no_sense_are_refused(chunker: Chunker, most: int, overlap: int) -> None:
    with pytest.raises(InvalidCsiRequest, match="chunk: "):
        await chunker.chunk(ChunkRequest("text", "known", most, overlap), _CALLER)


async def test_the_largest_limit_is_fine(chunker: Chunker) -> None:
    chunked = await chunker.chunk(ChunkRequest(" a\nb ", "known", 2**32 - 1, 2**32 - 2), _CALLER)
    assert [chunk.text for chunk in chunked.chunks] == ["a\nb"]


@pytest.mark.parametrize("text", ["a" * 1_000_001, "ä" * 500_001, "🦊" * 250_001])
async def test_texts_that_are_too_long_are_refused(chunker: Chunker, text: str) -> None:
    with pytest.raises(InvalidCsiRequest, match=r"1,000,000 bytes.*CHUNKING__TEXT_BYTES"):
        await chunker.chunk(ChunkRequest(text, "known", 100), _CALLER)


async def test_half_a_character_is_refused(chunker: Chunker) -> None:
    with pytest.raises(InvalidCsiRequest, match="surrogate"):
        await chunker.chunk(ChunkRequest("a\ud800", "known", 3), _CALLER)


async def test_a_cancelled_request_frees_its_thread(source: ScriptedSource) -> None:
    async with Chunker(ChunkingOptions(threads=1), [source]) as chunker:
        await chunker.chunk(ChunkRequest("warm", "known", 3), _CALLER)
        long = asyncio.create_task(chunker.chunk(ChunkRequest(PROSE * 20_000, "known", 50), _CALLER))
        await asyncio.sleep(0)
        long.cancel()
        assert (await chunker.chunk(ChunkRequest("next", "known", 9), _CALLER)).chunks[0].text == "next"
        assert long.cancelled()


async def test_the_sources_are_left_with_the_driver(source: ScriptedSource) -> None:
    async with Chunker(ChunkingOptions(), [source]):
        assert source.entered == 1
    assert source.entered == 0


async def test_packages_that_are_missing_are_named(chunker: Chunker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pharia_kernel.csi.chunking.chunker.find_spec", lambda name: None)
    with pytest.raises(NotConfigured, match=r'pip install "pharia-kernel\[chunking\]"'):
        await chunker.chunk(ChunkRequest("text", "known", 3), _CALLER)
