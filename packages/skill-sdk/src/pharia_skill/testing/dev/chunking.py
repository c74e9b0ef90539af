"""Chunking as the kernel's HTTP interface writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import RootModel, model_serializer

from pharia_skill.csi import Chunk, ChunkRequest


class ChunkRequestSerializer(RootModel[Sequence[ChunkRequest]]):
    @model_serializer
    def _render(self) -> list[dict[str, Any]]:
        return [
            {
                "text": request.text,
                "params": {
                    "model": request.params.model,
                    "max_tokens": request.params.max_tokens,
                    "overlap": request.params.overlap,
                },
                "character_offsets": True,
            }
            for request in self.root
        ]


ChunkDeserializer = RootModel[list[list[Chunk]]]
