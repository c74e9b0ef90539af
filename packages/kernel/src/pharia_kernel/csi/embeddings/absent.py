"""Where texts are not turned into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pharia_kernel.errors import NotConfigured

if TYPE_CHECKING:
    from pharia_kernel.csi.embeddings.embedder import Vectors


class AbsentEmbedder:
    """Implements :class:`~pharia_kernel.csi.embeddings.embedder.Embedder`."""

    model = "none"

    async def __aenter__(self) -> AbsentEmbedder:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def embed(self, texts: Sequence[str]) -> Vectors:
        raise NotConfigured("this kernel runs without anything that embeds texts (set EMBEDDINGS__URL)")
