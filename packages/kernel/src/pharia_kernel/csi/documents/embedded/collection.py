"""One collection: its Lance table, read and changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import isqrt
from typing import TYPE_CHECKING, Any

from pharia_kernel.csi.chunking.threads import WorkThreads
from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.csi.documents.embedded import layout
from pharia_kernel.csi.documents.embedded.layout import Row
from pharia_kernel.csi.documents.embedded.ranking import SEMANTIC_COLUMNS, TEXTUAL_COLUMNS, Ranking
from pharia_kernel.csi.documents.embedded.selection import Selections
from pharia_kernel.csi.documents.store import CollectionPath, IndexDefinition
from pharia_kernel.csi.types import Hit, SearchRequest
from pharia_kernel.errors import DocumentNotFound, EmbeddingMismatch

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from lancedb.table import AsyncTable
    from numpy.typing import NDArray

_CANDIDATES = 10
"""Least number of passages that each side of a hybrid index proposes."""
_PROBES = 20
_REFINE = 5
"""How many parts of the vector index are read, and how many times the wanted vectors are compared in full precision;
more parts are read where a filter leaves few. ``bench/search.py`` measures what is missed."""
_VECTOR_INDEX_FROM = 20_000
"""Passages; fewer are compared one by one, in some ms."""
_UNINDEXED = 2_000
_SMALL_FRAGMENTS = 64
"""New rows, and files they are in, that searches look through one by one before they enter the indexes."""
_READERS = timedelta(minutes=10)
"""How long others may go on reading what was replaced."""

Identity = tuple[int, int, int]


class Collection:
    """What is read is the state of the last :meth:`refresh`; changes need the lock of the collection."""

    def __init__(self, path: CollectionPath, table: AsyncTable, threads: WorkThreads, identity: Identity) -> None:
        self.path = path
        self.identity = identity
        self._table = table
        self._threads = threads
        self._selections = Selections(threads)
        self._version = 0
        self._shape: pa.Schema = None
        self._indexes: dict[str, IndexDefinition] = {}

    def close(self) -> None:
        self._table.close()  # type: ignore[no-untyped-call]

    @property
    def model(self) -> str:
        return str(self._shape.metadata[layout.EMBEDDING_KEY].decode())

    @property
    def indexes(self) -> dict[str, IndexDefinition]:
        """By name."""
        return self._indexes

    async def refresh(self) -> None:
        """See what was written meanwhile, by whomever."""
        await self._table.checkout_latest()  # type: ignore[no-untyped-call]
        version = await self._table.version()
        if version != self._version:
            rows = await self._rows("kind = 'index'", ["contents"])
            self._shape = await self._table.schema()
            self._indexes = {index.name: index for index in map(layout.index_of, rows)}
            self._selections.clear()
            self._version = version

    def index(self, name: str, any_index: bool) -> IndexDefinition:
        """``any_index`` lets another one stand in for an unknown one."""
        if name in self._indexes:
            return self._indexes[name]
        if any_index and self._indexes:
            return self._indexes[min(self._indexes)]
        known = ", ".join(sorted(self._indexes)) or "none"
        raise DocumentNotFound(f"collection {self.path} has no index {name!r} (it has {known})")

    def check_model(self, model: str, dimension: int) -> None:
        expected = layout.dimension_of(self._shape)
        if (self.model, expected) != (model, dimension):
            raise EmbeddingMismatch(
                f"collection {self.path} was embedded by {self.model} ({expected} numbers), the kernel embeds with "
                f"{model} ({dimension}): set EMBEDDINGS__MODEL as it was, or remove the collection and add its "
                "documents again"
            )

    async def search(self, request: SearchRequest, index: IndexDefinition, vector: NDArray[np.float32]) -> list[Hit]:
        conditions = [f"index = '{index.name}'"] if len(self._indexes) > 1 else []
        if request.filters:
            selected = await self._selections.of(request.filters, self._metadata)
            if selected is None:
                return []
            conditions += selected
        where = " AND ".join(conditions)
        ranking = Ranking(self.path, vector)
        wanted = max(request.limit, _CANDIDATES) if index.hybrid else request.limit
        asked = [self._by_words(request.query, where, wanted)] if index.hybrid else []
        if vector.any():
            asked.append(self._by_meaning(vector, where, wanted))
        for found in await all_of(asked):
            ranking.add(found)
        return ranking.best(request.limit, request.min_score)

    async def document(self, name: str) -> Row:
        rows = await self._rows(
            f"kind = 'document' AND key = {layout.key_of(name)}", ["document", "contents", "metadata", "updated"]
        )
        for row in rows:
            if row["document"] == name:
                return row
        raise DocumentNotFound(f"collection {self.path} has no document {name!r}")

    async def names(self) -> list[tuple[str, str]]:
        """Name and moment of the last change of every document, in no order."""
        rows = await self._rows("kind = 'document'", ["document", "updated"])
        return [(row["document"], row["updated"]) for row in rows]

    async def known(self, names: Sequence[str]) -> set[str]:
        """Those there are documents of."""
        keys = ", ".join(str(layout.key_of(name)) for name in names)
        return {row["document"] for row in await self._rows(f"kind = 'document' AND key IN ({keys})", ["document"])}

    async def every(self) -> list[Row]:
        return await self._rows("kind = 'document'", ["document", "contents"])

    async def counts(self) -> tuple[int, int]:
        """Documents and passages."""
        return await self._table.count_rows("kind = 'document'"), await self._table.count_rows("kind = 'passage'")

    async def replace(self, where: str, rows: pa.Table) -> None:
        """Remove what ``where`` says and add ``rows``, in one step."""
        await (
            self._table.merge_insert("id")
            .when_not_matched_insert_all()
            .when_not_matched_by_source_delete(where)
            .execute(rows, on_bad_vectors="null")
        )

    async def delete(self, name: str) -> None:
        await self._table.delete(f"kind != 'index' AND key = {layout.key_of(name)}")

    async def maintain(self) -> None:
        """Give new rows their places in the indexes, once there are many; takes seconds then."""
        stats: Any = await self._table.stats()  # a dict, whatever its annotation says
        text = await self._table.index_stats("text_idx")
        unindexed = text.num_unindexed_rows if text is not None else 0
        if unindexed > _UNINDEXED or stats["fragment_stats"]["num_small_fragments"] > _SMALL_FRAGMENTS:
            await self._table.optimize(cleanup_older_than=_READERS)
        if await self._table.index_stats("vector_idx") is None:
            passages = await self._table.count_rows("kind = 'passage'")
            if passages >= _VECTOR_INDEX_FROM:
                await layout.create_vector_index(self._table, partitions=isqrt(passages))

    @property
    def shape(self) -> pa.Schema:
        return self._shape

    async def _by_meaning(self, vector: NDArray[np.float32], where: str, wanted: int) -> pa.Table:
        query = self._table.query().nearest_to(vector).column("vector").distance_type("cosine")
        query = query.minimum_nprobes(_PROBES).refine_factor(_REFINE).limit(wanted).select(SEMANTIC_COLUMNS)
        return await (query.where(where) if where else query).to_arrow()

    async def _by_words(self, words: str, where: str, wanted: int) -> pa.Table:
        query = self._table.query().nearest_to_text(words, columns="text").limit(wanted).select(TEXTUAL_COLUMNS)
        return await (query.where(where) if where else query).to_arrow()

    async def _metadata(self) -> pa.Table:
        return await self._table.query().where("kind = 'document'").select(["key", "metadata"]).to_arrow()

    async def _rows(self, where: str, columns: list[str]) -> list[dict[str, Any]]:
        table = await self._table.query().where(where).select(columns).to_arrow()
        return await self._threads.run(lambda stop: list(table.to_pylist()))
