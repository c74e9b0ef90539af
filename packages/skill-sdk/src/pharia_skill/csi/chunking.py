"""Text cut into pieces that fit a model."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from pharia_skill.csi.numbers import U32


@dataclass
class ChunkParams:
    """``max_tokens`` and ``overlap`` count tokens of ``model``; the overlap must be the smaller one."""

    model: str
    max_tokens: U32
    overlap: U32 = 0


@dataclass
class ChunkRequest:
    text: str
    params: ChunkParams


@dataclass
class Chunk:
    """``character_offset`` is where the chunk begins in the text."""

    text: str
    character_offset: int

    @property
    def offset(self) -> int:
        """``character_offset`` as SDK 0.6.3 to 0.14 named it."""
        return self.character_offset
