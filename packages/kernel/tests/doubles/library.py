"""The embedded document index in a directory of the test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pharia_kernel.csi.documents.embedded import EmbeddedDocuments, EmbeddedOptions
from pharia_kernel.csi.documents.store import CollectionPath, Content, NewDocument
from pharia_kernel.csi.embeddings import Embedder, StaticEmbedder
from pharia_kernel.csi.types import Filter, Hit, IndexPath, SearchRequest
from pharia_kernel.types import Caller

if TYPE_CHECKING:
    from pharia_kernel.csi.embeddings.embedder import Vectors

AT = CollectionPath("Kernel", "test")
NOBODY = Caller()


def library(directory: Path, embedder: Embedder | None = None, **options: Any) -> EmbeddedDocuments:
    return EmbeddedDocuments(EmbeddedOptions(directory, threads=2, **options), embedder or StaticEmbedder(2))


def text(name: str, *contents: Content, metadata: Any = None) -> NewDocument:
    return NewDocument(name, contents, metadata)


async def find(
    library: EmbeddedDocuments,
    query: str,
    limit: int = 3,
    min_score: float | None = None,
    filters: Sequence[Filter] = (),
    index: str = "default",
) -> list[Hit]:
    where = IndexPath(AT.namespace, AT.collection, index)
    return await library.search(SearchRequest(where, query, limit, min_score, tuple(filters)), NOBODY)


class ScriptedEmbedder:
    """Vectors as the test says; unknown texts lie between."""

    def __init__(self, vectors: dict[str, list[float]], model: str = "scripted", dimension: int = 2) -> None:
        self.model = model
        self._vectors = vectors
        self._dimension = dimension

    async def __aenter__(self) -> ScriptedEmbedder:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        from pharia_kernel.csi.embeddings.static import unit

        return unit(np.array([self._vectors.get(one, [1.0] * self._dimension) for one in texts], np.float32))
