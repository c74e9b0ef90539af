"""Chunking and language selection as they go over the wire."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pharia_kernel.api.csi.numbers import U32
from pharia_kernel.csi import types as csi


class ChunkParams(msgspec.Struct, frozen=True):
    model: str
    max_tokens: U32
    overlap: U32 = 0


class ChunkRequest(msgspec.Struct, frozen=True):
    text: str
    params: ChunkParams

    def neutral(self) -> csi.ChunkRequest:
        return csi.ChunkRequest(self.text, self.params.model, self.params.max_tokens, self.params.overlap)


class ChunkWithOffsetsRequest(ChunkRequest, frozen=True):
    character_offsets: bool = False
    """Bytes are always counted."""

    def neutral(self) -> csi.ChunkRequest:
        return msgspec.structs.replace(super().neutral(), char_offsets=self.character_offsets)


class Chunk(msgspec.Struct, frozen=True):
    text: str
    byte_offset: int
    """In UTF-8."""
    character_offset: int | None


def chunk_texts(chunks: Sequence[csi.Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def chunks(found: Sequence[csi.Chunk]) -> list[Chunk]:
    return [Chunk(chunk.text, chunk.byte_offset, chunk.char_offset) for chunk in found]


class LanguageRequest(msgspec.Struct, frozen=True):
    text: str
    languages: tuple[str, ...]
    """ISO 639-3 codes."""

    def neutral(self) -> csi.LanguageRequest:
        return csi.LanguageRequest(self.text, self.languages)
