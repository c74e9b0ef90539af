"""The whole kernel with documents and explanations out of a table, for callers who use the CSI without a skill."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pharia_kernel import Kernel
from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.types import Cursor, DocPath, Document, ExplainRequest, Hit, Image, Score, SearchRequest
from pharia_kernel.types import Caller, JsonValue

FOUND = DocPath("team", "handbook", "rules")


class DocumentedCsi:
    """Finds what it is asked for, has every document; the rest is answered by another CSI."""

    def __init__(self, csi: Csi) -> None:
        self._csi = csi

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._csi, operation)

    async def search(self, requests: Sequence[SearchRequest]) -> list[list[Hit]]:
        return [[Hit(FOUND, one.query, 0.5, Cursor(0, 0), Cursor(0, 1))] * min(one.limit, 2) for one in requests]

    async def documents(self, requests: Sequence[DocPath]) -> list[Document]:
        return [Document(path, ("text", Image()), {"name": path.name}) for path in requests]

    async def document_metadata(self, requests: Sequence[DocPath]) -> list[JsonValue]:
        return [{"name": path.name} if path.name else None for path in requests]

    async def explain(self, requests: Sequence[ExplainRequest]) -> list[list[Score]]:
        return [[Score(0, len(one.prompt), -0.5)] for one in requests]


class DocumentedKernel(Kernel):
    @asynccontextmanager
    async def csi(self, namespace: str, caller: Caller) -> AsyncIterator[Csi]:
        async with super().csi(namespace, caller) as csi:
            yield DocumentedCsi(csi)
