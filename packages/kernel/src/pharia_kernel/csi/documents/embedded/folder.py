"""Where collections lie: ``NAMESPACE/COLLECTION.lance`` below one directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from pharia_kernel.csi.chunking.threads import WorkThreads
from pharia_kernel.csi.documents.embedded import layout
from pharia_kernel.csi.documents.embedded.collection import Collection, Identity
from pharia_kernel.csi.documents.store import CollectionPath, IndexDefinition, checked_name
from pharia_kernel.errors import DocumentNotFound, InvalidCsiRequest

if TYPE_CHECKING:
    from lancedb import AsyncConnection

_SUFFIX = ".lance"
_WORKSHOP = ".unfinished"
"""Where collections are made and taken apart; a step between is a renaming, which is done or not."""
_LOCKS = ".locks"
_LOOK_SECONDS = 0.02
_OPEN = 64
"""Collections that stay open."""


class Folder:
    """Keeps collections open; :meth:`close` closes them."""

    def __init__(self, directory: Path, threads: WorkThreads) -> None:
        self._directory = directory.absolute()
        self._threads = threads
        self._open: dict[CollectionPath, Collection] = {}
        self._opening = asyncio.Lock()
        self._turns: WeakValueDictionary[CollectionPath, asyncio.Lock] = WeakValueDictionary()

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    async def paths(self) -> list[CollectionPath]:
        def look(stop: object) -> list[CollectionPath]:
            found = (file for file in self._directory.glob(f"*/*{_SUFFIX}") if not file.parent.name.startswith("."))
            return sorted(CollectionPath(file.parent.name, file.name.removesuffix(_SUFFIX)) for file in found)

        return await self._threads.run(look)

    async def has(self, at: CollectionPath) -> bool:
        place = self._place(at)
        return await self._threads.run(lambda stop: place.is_dir())

    async def collection(self, at: CollectionPath) -> Collection:
        """As it is now. Raises :class:`~pharia_kernel.errors.DocumentNotFound`."""
        try:
            place = self._place(at)
        except InvalidCsiRequest as error:
            raise DocumentNotFound(str(error)) from None
        identity = _identity(place)
        if identity is None:
            self._open.pop(at, None)
            raise DocumentNotFound(f"there is no collection {at} (see pharia-kernel documents list)")
        known = self._open.get(at)
        if known is None or known.identity != identity:
            async with self._opening:
                known = self._open.get(at)
                if known is None or known.identity != identity:
                    table = await (await self._connect(place.parent)).open_table(at.collection)
                    known = self._open[at] = Collection(at, table, self._threads, identity)
                    while len(self._open) > _OPEN:
                        del self._open[next(iter(self._open))]
        await known.refresh()
        return known

    async def create(self, at: CollectionPath, index: IndexDefinition, model: str, dimension: int) -> None:
        """Empty; needs the lock."""
        workshop, place = self._directory / _WORKSHOP / uuid.uuid4().hex, self._place(at)
        shape = layout.schema(model, dimension)
        rows = layout.table_of([layout.index_row(index)], None, shape)
        try:
            table = await (await self._connect(workshop)).create_table(
                at.collection, rows, schema=shape, on_bad_vectors="null"
            )
            await layout.create_indexes(table)
            table.close()  # type: ignore[no-untyped-call]
            place.parent.mkdir(parents=True, exist_ok=True)
            (workshop / place.name).rename(place)
        finally:
            await self._discard(workshop)

    async def remove(self, at: CollectionPath) -> None:
        """Needs the lock. Raises :class:`~pharia_kernel.errors.DocumentNotFound`."""
        await self.collection(at)
        self._open.pop(at, None)
        place = self._place(at)
        workshop = self._directory / _WORKSHOP / uuid.uuid4().hex
        workshop.mkdir(parents=True)
        place.rename(workshop / place.name)
        await self._discard(workshop)

    @asynccontextmanager
    async def lock(self, at: CollectionPath) -> AsyncGenerator[None, None]:
        """One writer at a time, in this process and in others; the system ends the lock of a process that ends."""
        from filelock import FileLock, Timeout

        self._place(at)
        locks = self._directory / _LOCKS
        locks.mkdir(parents=True, exist_ok=True)
        async with self._turns.setdefault(at, asyncio.Lock()):
            lock = FileLock(locks / f"{at.namespace}.{at.collection}", thread_local=False)
            while True:
                try:
                    lock.acquire(blocking=False)
                    break
                except Timeout:
                    await asyncio.sleep(_LOOK_SECONDS)
            try:
                yield
            finally:
                lock.release()

    def _place(self, at: CollectionPath) -> Path:
        """Raises :class:`~pharia_kernel.errors.InvalidCsiRequest`: skills choose the names."""
        namespace, collection = checked_name("namespace", at.namespace), checked_name("collection", at.collection)
        return self._directory / namespace / f"{collection}{_SUFFIX}"

    async def _connect(self, directory: Path) -> AsyncConnection:
        lancedb = await self._threads.run(lambda stop: _loaded())
        connection: AsyncConnection = await lancedb.connect_async(directory)
        return connection

    async def _discard(self, directory: Path) -> None:
        await self._threads.run(lambda stop: shutil.rmtree(directory, ignore_errors=True))


def _loaded() -> ModuleType:
    """The library; takes seconds. It looks for its log level, of its own lines on standard error, while it loads."""
    os.environ.setdefault("LANCEDB_LOG", "error")
    import lancedb

    return lancedb


def _identity(place: Path) -> Identity | None:
    """Tells a collection from one that was made after it had been removed; some us."""
    try:
        found = os.stat(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns
