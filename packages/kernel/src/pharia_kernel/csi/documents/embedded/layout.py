"""How a collection lies on disk: one Lance table, so that a document and its passages change in one step.

A row is a passage (with its vector), a document (with its contents and metadata), or the definition of an index.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from pharia_kernel.csi.documents.embedded.passages import Passage
from pharia_kernel.csi.documents.store import Content, IndexDefinition, NewDocument, Picture

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import AsyncTable

    from pharia_kernel.csi.embeddings.embedder import Vectors

FORMAT = "1"
FORMAT_KEY, EMBEDDING_KEY = b"pharia.format", b"pharia.embedding"
PASSAGE, DOCUMENT, INDEX = "passage", "document", "index"

Row = dict[str, Any]


class _Text(msgspec.Struct, frozen=True, tag_field="modality", tag="text"):
    text: str


class _Image(msgspec.Struct, frozen=True, tag_field="modality", tag="image"):
    data: bytes


_CONTENTS = msgspec.json.Decoder(list[_Text | _Image])


def schema(model: str, dimension: int) -> pa.Schema:
    import pyarrow as pa

    fields = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("key", pa.int64(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("index", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("vector", pa.list_(pa.float32(), dimension)),
        pa.field("item", pa.uint32()),
        pa.field("start", pa.uint32()),
        pa.field("end", pa.uint32()),
        pa.field("contents", pa.string()),
        pa.field("metadata", pa.string()),
        pa.field("updated", pa.string()),
    ]
    return pa.schema(fields, metadata={FORMAT_KEY: FORMAT, EMBEDDING_KEY: model})


async def create_indexes(table: AsyncTable) -> None:
    """Those that also serve an empty table."""
    from lancedb.index import FTS, Bitmap, BTree

    await table.create_index("text", config=FTS(with_position=False))
    await table.create_index("key", config=BTree())
    await table.create_index("kind", config=Bitmap())
    await table.create_index("index", config=Bitmap())


async def create_vector_index(table: AsyncTable, partitions: int) -> None:
    """Of a byte per number; needs some thousand vectors."""
    from lancedb.index import IvfSq

    config: Any = IvfSq(distance_type="cosine", num_partitions=partitions)  # missing in the library's own annotation
    await table.create_index("vector", config=config)


def dimension_of(found: pa.Schema) -> int:
    return int(found.field("vector").type.list_size)


def key_of(name: str) -> int:
    """Stands for a document's name in predicates: short, and nothing in it has to be escaped."""
    return int.from_bytes(blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest(), "big", signed=True)


def document_row(document: NewDocument, updated: str) -> Row:
    return {
        **_row(DOCUMENT, document.name),
        "contents": msgspec.json.encode([_wire(content) for content in document.contents]).decode(),
        "metadata": None if document.metadata is None else msgspec.json.encode(document.metadata).decode(),
        "updated": updated,
    }


def passage_rows(name: str, index: IndexDefinition, found: Sequence[Passage]) -> list[Row]:
    """Their vectors come later."""
    return [
        {
            **_row(PASSAGE, name),
            "index": index.name,
            "text": passage.text,
            "item": passage.item,
            "start": passage.start,
            "end": passage.end,
        }
        for passage in found
    ]


def index_row(index: IndexDefinition) -> Row:
    return {**_row(INDEX, ""), "index": index.name, "contents": msgspec.json.encode(index).decode()}


def index_of(row: Row) -> IndexDefinition:
    return msgspec.json.decode(row["contents"], type=IndexDefinition)


def contents_of(row: Row) -> tuple[Content, ...]:
    return tuple(
        part.text if isinstance(part, _Text) else Picture(part.data) for part in _CONTENTS.decode(row["contents"])
    )


def metadata_of(row: Row) -> Any:
    return None if row["metadata"] is None else msgspec.json.decode(row["metadata"])


def table_of(rows: Sequence[Row], vectors: Vectors | None, shape: pa.Schema) -> pa.Table:
    """``vectors`` are those of the passages among the rows, in their order."""
    import pyarrow as pa

    columns = {
        field.name: pa.array([row.get(field.name) for row in rows], field.type)
        for field in shape
        if field.name != "vector"
    }
    size = dimension_of(shape)
    given = iter(vectors if vectors is not None else ())
    column = [next(given) if row["kind"] == PASSAGE else None for row in rows]
    columns["vector"] = pa.array(column, pa.list_(pa.float32(), size))
    return pa.Table.from_arrays([columns[field.name] for field in shape], schema=shape)


def _row(kind: str, name: str) -> Row:
    return {"id": uuid.uuid4().hex, "kind": kind, "key": key_of(name), "document": name, "index": ""}


def _wire(content: Content) -> _Text | _Image:
    return _Image(content.data) if isinstance(content, Picture) else _Text(content)
