"""Splitting gives what the library gives alone."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from semantic_text_splitter import TextSplitter
from tokenizers import Tokenizer

from doubles.tokenizer import PROSE, byte_level, folding, prefixed
from pharia_kernel.csi.chunking.measure import Characters, Tokens
from pharia_kernel.csi.chunking.splitting import split
from pharia_kernel.csi.chunking.threads import Stopped
from pharia_kernel.csi.types import Chunk, ChunkRequest

TOKENIZERS = {"byte-level": byte_level(), "prefixed": prefixed(), "folding": folding()}
_texts = st.text(st.sampled_from("ab the.fox!? \n\r\t12ßé🦊中文\u0301\x00"), max_size=200) | st.text(max_size=60)


def _split(text: str, most: int, overlap: int = 0, tokenizer: Tokenizer | None = None) -> list[Chunk]:
    measure = Characters() if tokenizer is None else Tokens(tokenizer)
    return split(ChunkRequest(text, "m", most, overlap, char_offsets=True), measure, threading.Event())


def _offsets(chunks: list[Chunk]) -> list[tuple[int, int | None]]:
    return [(chunk.byte_offset, chunk.char_offset) for chunk in chunks]


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=60, deadline=None)
@given(text=_texts, most=st.integers(1, 40), data=st.data())
def test_chunks_of_tokens_are_those_of_the_library(name: str, text: str, most: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, most - 1))
    alone = TextSplitter.from_huggingface_tokenizer(TOKENIZERS[name], most, overlap).chunk_indices(text)
    chunks = _split(text, most, overlap, TOKENIZERS[name])
    assert [(chunk.char_offset, chunk.text) for chunk in chunks] == alone


@settings(max_examples=60, deadline=None)
@given(text=_texts, most=st.integers(1, 40), data=st.data())
def test_chunks_of_characters_are_those_of_the_library(text: str, most: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, most - 1))
    chunks = _split(text, most, overlap)
    assert [(chunk.char_offset, chunk.text) for chunk in chunks] == TextSplitter(most, overlap).chunk_indices(text)


@given(text=_texts, most=st.integers(1, 20))
def test_offsets_lead_to_the_chunk(text: str, most: int) -> None:
    data = text.encode()
    for chunk in _split(text, most, most - 1):
        assert chunk.char_offset is not None
        assert text[chunk.char_offset :].startswith(chunk.text)
        assert data[chunk.byte_offset :].startswith(chunk.text.encode())


def test_digits_with_overlap() -> None:
    chunks = _split("123456", 3, 2, prefixed())
    assert [(chunk.text, chunk.byte_offset) for chunk in chunks] == [("12", 0), ("23", 1), ("34", 2), ("456", 3)]
    assert len(_split("123456", 3, 2)) == 4


def test_byte_and_character_offsets_part_where_characters_take_several_bytes() -> None:
    assert _offsets(_split("ä b 🦊 c", 1)) == [(0, 0), (3, 2), (5, 4), (10, 6)]


def test_offsets_of_characters_come_only_if_asked_for() -> None:
    request = ChunkRequest("ä b", "m", 1)
    assert split(request, Characters(), threading.Event()) == [Chunk("ä", 0), Chunk("b", 3)]


@pytest.mark.parametrize("text", ["", "  \n \t "])
def test_nothing_gives_no_chunk(text: str) -> None:
    assert _split(text, 3, 0, byte_level()) == []


def test_every_character_is_in_a_chunk_even_if_it_is_too_long_for_one() -> None:
    assert [chunk.text for chunk in _split("🦊🐺", 1, 0, prefixed())] == ["🦊", "🐺"]


class _Counting(Tokens):
    """How much text was tokenized."""

    counted = 0

    def size(self, text: str) -> int:
        self.counted += len(text)
        return super().size(text)


def test_a_long_line_is_not_counted_again_for_every_chunk() -> None:
    line = "The quick brown fox jumps over the lazy dog. " * 400 + "\n"
    tokens = _Counting(byte_level())
    assert len(split(ChunkRequest(line, "m", 20), tokens, threading.Event())) > 100
    assert tokens.counted < 20 * len(line)


def test_nothing_is_begun_that_nobody_waits_for() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        split(ChunkRequest(PROSE, "m", 3), Characters(), stop)


def test_work_ends_amid_a_text() -> None:
    stop = threading.Event()

    class Stopping(Characters):
        asked = 0

        def size(self, text: str) -> int:
            self.asked += 1
            stop.set()
            return super().size(text)

    measure = Stopping()
    with pytest.raises(Stopped):
        split(ChunkRequest(PROSE * 100, "m", 50), measure, stop)
    assert measure.asked == 1
