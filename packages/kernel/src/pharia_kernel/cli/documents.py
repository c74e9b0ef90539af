"""Adding, listing and removing documents of the index inside the kernel, without a server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.csi.documents.reading import SUFFIXES, texts_of
from pharia_kernel.csi.documents.store import CollectionPath, DocumentStore, NewDocument
from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.types import JsonValue

_BATCH_FILES = 32
_BATCH_BYTES = 8 << 20
"""Of files that are added in one step."""


@dataclass(frozen=True, slots=True)
class File:
    path: Path
    name: str
    """Of the document."""


@dataclass(slots=True)
class Added:
    new: int = 0
    updated: int = 0
    failed: int = 0


class NoDocuments(Exception):
    """Nothing was found where documents were looked for; the text says where."""


def files_of(paths: Sequence[Path], prefix: str) -> list[File]:
    """Files, and those of known types below directories; hidden ones only where they are named.

    A document is named for its file, below a directory for the way from there. Raises :class:`NoDocuments`.
    """
    found: dict[str, File] = {}
    for path in paths:
        if path.is_dir():
            files = [File(file, prefix + file.relative_to(path).as_posix()) for file in _below(path)]
            if not files:
                raise NoDocuments(f"{path}: no files of a known type ({', '.join(SUFFIXES)})")
        else:
            files = [File(path, prefix + path.name)]
        for file in files:
            if (other := found.setdefault(file.name, file)).path != file.path:
                raise NoDocuments(
                    f"{other.path} and {file.path} would both be the document {file.name!r} (see --prefix)"
                )
    return list(found.values())


def _below(directory: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and file.suffix.lower() in SUFFIXES and file.is_file():
                yield file


async def add(
    store: DocumentStore, at: CollectionPath, files: Sequence[File], metadata: JsonValue, console: Console
) -> Added:
    """A file that can not be added is named on the console, and the others go on."""
    added = Added()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"Adding to {at}", total=len(files))
        for batch in _batches(files):
            documents = [one for one in await all_of([_read(file, metadata, console) for file in batch]) if one]
            added.failed += len(batch) - len(documents)
            await _put(store, at, documents, added, console)
            progress.advance(task, len(batch))
    return added


async def _read(file: File, metadata: JsonValue, console: Console) -> NewDocument | None:
    try:
        media_type = SUFFIXES.get(file.path.suffix.lower(), "text/plain")
        texts = await texts_of(await asyncio.to_thread(file.path.read_bytes), media_type)
    except OSError as error:
        _failed(file.path, error.strerror or type(error).__name__, console)
    except InvalidCsiRequest as error:
        _failed(file.path, str(error), console)
    else:
        return NewDocument(file.name, texts, metadata)
    return None


async def _put(
    store: DocumentStore, at: CollectionPath, documents: Sequence[NewDocument], added: Added, console: Console
) -> None:
    try:
        for stored in await store.put(at, documents):
            added.updated += stored.replaced
            added.new += not stored.replaced
    except InvalidCsiRequest as error:
        if len(documents) > 1:
            for document in documents:
                await _put(store, at, [document], added, console)
        else:
            added.failed += 1
            _failed(documents[0].name, str(error), console)


def _failed(what: Path | str, why: str, console: Console) -> None:
    console.print(f"{what}: {why}", style="red", markup=False, highlight=False, soft_wrap=True)


def _batches(files: Sequence[File]) -> Iterator[list[File]]:
    batch: list[File] = []
    size = 0
    for file in files:
        length = file.path.stat().st_size if file.path.is_file() else 0
        if batch and (len(batch) >= _BATCH_FILES or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += length
    if batch:
        yield batch
