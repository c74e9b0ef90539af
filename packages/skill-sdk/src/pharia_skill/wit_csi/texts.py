"""Chunking and language selection over the bindings."""

from __future__ import annotations

from pharia_skill.bindings.imports import chunking, language
from pharia_skill.csi.chunking import Chunk, ChunkRequest
from pharia_skill.csi.language import Language, SelectLanguageRequest


def chunk_request_to_wit(request: ChunkRequest) -> chunking.ChunkWithOffsetRequest:
    params = chunking.ChunkParams(request.params.model, request.params.max_tokens, request.params.overlap)
    return chunking.ChunkWithOffsetRequest(request.text, params, character_offsets=True)


def chunk_from_wit(chunk: chunking.ChunkWithOffset) -> Chunk:
    if chunk.character_offset is None:
        raise ValueError("the host gave a chunk without the character offset that was asked for")
    return Chunk(chunk.text, chunk.character_offset)


def language_request_to_wit(request: SelectLanguageRequest) -> language.SelectLanguageRequest:
    return language.SelectLanguageRequest(request.text, [candidate.value for candidate in request.languages])


def language_from_wit(code: str | None) -> Language | None:
    """Raises ``ValueError`` for a code this SDK does not know."""
    return None if code is None else Language(code)
