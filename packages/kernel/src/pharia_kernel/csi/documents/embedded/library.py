"""The document index inside the kernel."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pharia_kernel.csi.chunking.threads import WorkThreads
from pharia_kernel.csi.documents.embedded import layout
from pharia_kernel.csi.documents.embedded.collection import Collection
from pharia_kernel.csi.documents.embedded.folder import Folder
from pharia_kernel.csi.documents.embedded.layout import Row
from pharia_kernel.csi.documents.embedded.options import EmbeddedOptions, check_document, check_search
from pharia_kernel.csi.documents.embedded.passages import passages
from pharia_kernel.csi.documents.store import (
    CollectionInfo,
    CollectionPath,
    Content,
    DocumentInfo,
    IndexDefinition,
    KeptDocument,
    NewDocument,
    Stored,
    checked_name,
)
from pharia_kernel.csi.embeddings.embedder import Embedder
from pharia_kernel.csi.types import DocPath, Document, Hit, Image, SearchRequest
from pharia_kernel.errors import BackendFailed, BackendTimeout, InvalidCsiRequest, NotConfigured
from pharia_kernel.types import Caller, JsonValue

if TYPE_CHECKING:
    from pharia_kernel.csi.embeddings.embedder import Vectors

logger = logging.getLogger("pharia_kernel.documents")

_PACKAGES = ("lancedb", "numpy", "semantic_text_splitter", "filelock")


class EmbeddedDocuments:
    """Implements :class:`~pharia_kernel.csi.documents.index.DocumentIndex` and
    :class:`~pharia_kernel.csi.documents.store.DocumentStore` on Lance tables below a directory.

    An async context manager that owns the embedder. Several processes may read and write the same directory: a reader
    sees a document as it was before a change or after it, also if the writer is killed amid it.
    """

    def __init__(self, options: EmbeddedOptions, embedder: Embedder) -> None:
        self._options = options
        self._embedder = embedder
        self._threads = WorkThreads(options.threads)
        self._folder = Folder(options.directory, self._threads)
        self._places = asyncio.Semaphore(options.concurrent)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> EmbeddedDocuments:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._threads)
            stack.callback(self._folder.close)
            await stack.enter_async_context(self._embedder)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def search(self, request: SearchRequest, caller: Caller) -> list[Hit]:
        check_search(self._options, request)
        at = CollectionPath(request.index.namespace, request.index.collection)
        async with self._operation(f"searching {at}"):
            collection = await self._folder.collection(at)
            index = collection.index(request.index.index, self._options.any_index)
            if not request.limit or not request.query.strip():
                return []
            vectors = await self._embedder.embed([request.query])
            collection.check_model(self._embedder.model, vectors.shape[1])
            return await collection.search(request, index, vectors[0])

    async def document(self, path: DocPath, caller: Caller) -> Document:
        kept = await self.kept(path)
        parts = tuple(part if isinstance(part, str) else Image() for part in kept.contents)
        return Document(path, parts, kept.metadata)

    async def document_metadata(self, path: DocPath, caller: Caller) -> JsonValue:
        return (await self.kept(path)).metadata

    async def kept(self, path: DocPath) -> KeptDocument:
        at = CollectionPath(path.namespace, path.collection)
        async with self._operation(f"reading {at}"):
            row = await (await self._folder.collection(at)).document(path.name)
            contents = await self._threads.run(lambda stop: layout.contents_of(row))
            return KeptDocument(path, contents, layout.metadata_of(row), row["updated"])

    async def names(self, at: CollectionPath, after: str = "", limit: int = 100) -> list[DocumentInfo]:
        async with self._operation(f"listing {at}"):
            found = await (await self._folder.collection(at)).names()
            behind = await self._threads.run(lambda stop: sorted(one for one in found if one[0] > after))
            return [DocumentInfo(name, updated) for name, updated in behind[:limit]]

    async def collections(self) -> list[CollectionInfo]:
        async with self._operation("listing collections"):
            found = []
            for at in await self._folder.paths():
                collection = await self._folder.collection(at)
                documents, count = await collection.counts()
                indexes = tuple(collection.indexes[name] for name in sorted(collection.indexes))
                found.append(CollectionInfo(at.namespace, at.collection, documents, count, collection.model, indexes))
            return found

    async def put(self, at: CollectionPath, documents: Sequence[NewDocument]) -> list[Stored]:
        _check_path(at)
        for document in documents:
            check_document(self._options, document)
        names = [document.name for document in documents]
        if len(set(names)) < len(names):
            raise InvalidCsiRequest(f"{at}: two of the documents have the same name")
        if not documents:
            return []
        async with self._change(at):
            if not await self._folder.has(at):
                await self._folder.create(at, self._options.index, self._embedder.model, await self._dimension())
            collection = await self._folder.collection(at)
            before = await collection.known(names)
            indexes = list(collection.indexes.values())
            updated = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            rows = await self._threads.run(
                lambda stop: [row for one in documents for row in _rows(one, indexes, updated, stop)]
            )
            keys = ", ".join(str(layout.key_of(name)) for name in names)
            await self._write(collection, f"kind != 'index' AND key IN ({keys})", rows)
            return [Stored(name, _count(rows, name), name in before) for name in names]

    async def define(self, at: CollectionPath, index: IndexDefinition) -> None:
        _check_path(at)
        checked_name("index", index.name)
        if not 0 <= index.overlap_characters < index.passage_characters:
            raise InvalidCsiRequest(
                f"index {index.name}: the overlap ({index.overlap_characters}) must be smaller than a passage "
                f"({index.passage_characters})"
            )
        async with self._change(at):
            if not await self._folder.has(at):
                await self._folder.create(at, index, self._embedder.model, await self._dimension())
                return
            collection = await self._folder.collection(at)
            every = await collection.every()
            rows = await self._threads.run(
                lambda stop: [
                    row for one in every for row in _cut(one["document"], layout.contents_of(one), [index], stop)
                ]
            )
            await self._write(collection, f"index = '{index.name}'", [layout.index_row(index), *rows])

    async def remove(self, path: DocPath) -> None:
        await self.kept(path)  # what does not exist gets no lock
        at = CollectionPath(path.namespace, path.collection)
        async with self._change(at):
            collection = await self._folder.collection(at)
            await collection.delete(path.name)

    async def remove_collection(self, at: CollectionPath) -> None:
        async with self._operation(f"reading {at}"):
            await self._folder.collection(at)
        async with self._change(at):
            await self._folder.remove(at)

    async def _write(self, collection: Collection, where: str, rows: Sequence[Row]) -> None:
        texts = [row["text"] for row in rows if row["kind"] == layout.PASSAGE]
        vectors: Vectors | None = None
        if texts:
            vectors = await self._embedder.embed(texts)
            collection.check_model(self._embedder.model, vectors.shape[1])
        table = await self._threads.run(lambda stop: layout.table_of(rows, vectors, collection.shape))
        await collection.replace(where, table)
        await collection.maintain()

    async def _dimension(self) -> int:
        return int((await self._embedder.embed(["How long is a vector?"])).shape[1])

    @asynccontextmanager
    async def _operation(self, what: str) -> AsyncGenerator[None, None]:
        with self._faults(what):
            async with _deadline(what, self._options.read_seconds), self._places:
                yield

    @asynccontextmanager
    async def _change(self, at: CollectionPath) -> AsyncGenerator[None, None]:
        what = f"changing {at}"
        with self._faults(what):
            async with _deadline(what, self._options.write_seconds), self._folder.lock(at):
                yield

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        if missing := _missing():
            raise NotConfigured(
                f"{what}: the embedded document index needs packages that are not installed ({', '.join(missing)}; "
                'pip install "pharia-kernel[documents]"); or set DOCUMENT_INDEX_URL to use another index'
            )
        try:
            yield
        except (RuntimeError, ValueError, OSError) as error:  # the library raises nothing narrower
            logger.exception("%s failed", what)
            raise BackendFailed(
                f"{what}: the document index failed ({type(error).__name__}); the log has more"
            ) from error


@lru_cache(1)
def _missing() -> tuple[str, ...]:
    """Packages that are not installed; looking takes as long as a search of a small collection."""
    return tuple(name for name in _PACKAGES if find_spec(name) is None)


@asynccontextmanager
async def _deadline(what: str, seconds: float) -> AsyncGenerator[None, None]:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise BackendTimeout(f"{what} took longer than {seconds:g} s") from None


def _rows(document: NewDocument, indexes: Sequence[IndexDefinition], updated: str, stop: threading.Event) -> list[Row]:
    return [layout.document_row(document, updated), *_cut(document.name, document.contents, indexes, stop)]


def _cut(
    name: str, contents: Sequence[Content], indexes: Sequence[IndexDefinition], stop: threading.Event
) -> list[Row]:
    return [row for index in indexes for row in layout.passage_rows(name, index, list(passages(contents, index, stop)))]


def _count(rows: Sequence[Row], name: str) -> int:
    return sum(row["kind"] == layout.PASSAGE and row["document"] == name for row in rows)


def _check_path(at: CollectionPath) -> None:
    checked_name("namespace", at.namespace)
    checked_name("collection", at.collection)
