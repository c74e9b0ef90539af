"""Chunks, languages and explanations."""

from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.csi.types import Chunk, ChunkRequest, ExplainRequest, LanguageRequest, Score
from pharia_kernel.errors import BackendAnswerInvalid

from .calls import CHUNK_PARAMS
from .guest import SPLIT, Guest, on
from .scripted_csi import ScriptedCsi

CHUNKS = [Chunk("für", 0, 0), Chunk("two", 2**40, None)]


@on("0.2")
async def test_line_0_2_chunks_without_overlap(guest: Guest) -> None:
    csi = ScriptedCsi(chunk=[CHUNKS])
    params = {"model": "model", "max_tokens": 11}
    assert await guest.do(csi, ["call", "csi", "chunk", "text", params]) == [["für", "two"]]
    assert csi.asked == [("chunk", [ChunkRequest("text", "model", 11)])]


@on(*SPLIT)
async def test_texts_are_chunked(guest: Guest) -> None:
    csi = ScriptedCsi(chunk=[CHUNKS, []])
    requests = [{"text": text, "params": CHUNK_PARAMS} for text in ("text", "")]
    assert await guest.do(csi, ["call", "chunking", "chunk", requests]) == [[["für", "two"], []]]
    assert csi.asked == [("chunk", [ChunkRequest(text, "model", 11, 3) for text in ("text", "")])]


@on(*SPLIT)
async def test_offsets_of_characters_come_only_if_asked_for(guest: Guest) -> None:
    csi = ScriptedCsi(chunk=[CHUNKS, []])
    requests = [{"text": "text", "params": CHUNK_PARAMS, "character_offsets": wanted} for wanted in (True, False)]
    (given,) = await guest.do(csi, ["call", "chunking", "chunk-with-offsets", requests])
    first = {"text": "für", "byte_offset": 0, "character_offset": 0}
    assert given == [[first, {"text": "two", "byte_offset": 2**40, "character_offset": None}], []]
    assert csi.asked == [("chunk", [ChunkRequest("text", "model", 11, 3, wanted) for wanted in (True, False)])]


@on("0.2")
@pytest.mark.parametrize("answer", ["eng", "deu", None])
async def test_line_0_2_knows_two_languages(guest: Guest, answer: str | None) -> None:
    csi = ScriptedCsi(select_language=[answer])
    assert await guest.do(csi, ["call", "csi", "select-language", "text", ["deu", "eng"]]) == [answer]
    assert csi.asked == [("select_language", [LanguageRequest("text", ("deu", "eng"))])]


@on("0.2")
async def test_a_language_line_0_2_has_no_word_for_ends_the_run(guest: Guest) -> None:
    with pytest.raises(BackendAnswerInvalid, match="fra"):
        await guest.do(ScriptedCsi(select_language=["fra"]), ["call", "csi", "select-language", "text", ["deu"]])


@on(*SPLIT)
async def test_languages_are_selected(guest: Guest) -> None:
    csi = ScriptedCsi(select_language=["fra", None])
    requests = [{"text": "texte", "languages": ["fra", "xyz"]}, {"text": "", "languages": []}]
    assert await guest.do(csi, ["call", "language", "select-language", requests]) == [["fra", None]]
    assert csi.asked == [("select_language", [LanguageRequest("texte", ("fra", "xyz")), LanguageRequest("", ())])]


@on("0.3")
@pytest.mark.parametrize("granularity", ["auto", "word", "sentence", "paragraph"])
async def test_explanations_are_given(guest: Guest, granularity: Any) -> None:
    csi = ScriptedCsi(explain=[[Score(0, 6, -0.5), Score(7, 2**32 - 1, 1.0)]])
    request = {"prompt": "prompt", "target": "target", "model": "model", "granularity": granularity}
    first, second = {"start": 0, "length": 6, "score": -0.5}, {"start": 7, "length": 2**32 - 1, "score": 1.0}
    assert await guest.do(csi, ["call", "inference", "explain", [request]]) == [[[first, second]]]
    assert csi.asked == [("explain", [ExplainRequest("prompt", "target", "model", granularity)])]
