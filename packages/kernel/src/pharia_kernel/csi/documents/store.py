"""What can be done to the documents of an index that the kernel keeps itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import msgspec

from pharia_kernel.csi.types import DocPath
from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.types import JsonValue

DEFAULT_INDEX = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_DOCUMENT_NAME = 512
"""Characters."""


class Picture(msgspec.Struct, frozen=True):
    data: bytes = b""
    """As it came; skills only learn that it is there."""


Content = str | Picture


class CollectionPath(msgspec.Struct, frozen=True, order=True):
    """Where documents are; written ``namespace/collection``."""

    namespace: str
    collection: str

    @classmethod
    def parse(cls, text: str) -> CollectionPath:
        """Raises :class:`~pharia_kernel.errors.InvalidCsiRequest`."""
        namespace, _, collection = text.partition("/")
        return cls(checked_name("namespace", namespace), checked_name("collection", collection))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.collection}"


class NewDocument(msgspec.Struct, frozen=True):
    name: str
    contents: tuple[Content, ...]
    metadata: JsonValue = None


class IndexDefinition(msgspec.Struct, frozen=True):
    """How the documents of a collection are cut into passages, and how those are found."""

    name: str = DEFAULT_INDEX
    passage_characters: int = 800
    """At most."""
    overlap_characters: int = 100
    """At most, between neighbours."""
    hybrid: bool = True
    """Passages are found by their words too, not only by their meaning."""


class Stored(msgspec.Struct, frozen=True):
    name: str
    passages: int
    """Of all indexes."""
    replaced: bool
    """There was a document of this name before."""


class DocumentInfo(msgspec.Struct, frozen=True):
    name: str
    updated: str
    """RFC 3339."""


class CollectionInfo(msgspec.Struct, frozen=True):
    namespace: str
    collection: str
    documents: int
    passages: int
    embedding: str
    """Model of the vectors."""
    indexes: tuple[IndexDefinition, ...]


class KeptDocument(msgspec.Struct, frozen=True):
    path: DocPath
    contents: tuple[Content, ...]
    metadata: JsonValue
    updated: str


class DocumentStore(Protocol):
    """Raises :class:`~pharia_kernel.errors.CsiError`."""

    async def put(self, at: CollectionPath, documents: Sequence[NewDocument]) -> list[Stored]:
        """Add or replace, all or none; a collection comes into being with its first document."""
        ...

    async def define(self, at: CollectionPath, index: IndexDefinition) -> None:
        """Give the collection an index, or another shape to one it has; its documents are cut anew."""
        ...

    async def remove(self, path: DocPath) -> None: ...

    async def remove_collection(self, at: CollectionPath) -> None: ...

    async def kept(self, path: DocPath) -> KeptDocument: ...

    async def names(self, at: CollectionPath, after: str = "", limit: int = 100) -> list[DocumentInfo]:
        """In order of their names, those behind ``after``."""
        ...

    async def collections(self) -> list[CollectionInfo]: ...


def checked_name(kind: str, name: str) -> str:
    """Give ``name`` back, or raise :class:`~pharia_kernel.errors.InvalidCsiRequest`."""
    if _NAME.fullmatch(name):
        return name
    raise InvalidCsiRequest(
        f"{name!r} can not be the name of a {kind}: it has 1 to 100 letters, digits, dashes, dots and underscores, and "
        "begins with a letter or digit"
    )


def checked_document(name: str) -> str:
    """Give ``name`` back, or raise :class:`~pharia_kernel.errors.InvalidCsiRequest`."""
    if 0 < len(name) <= _DOCUMENT_NAME and name.isprintable():
        return name
    raise InvalidCsiRequest(
        f"{name[:_DOCUMENT_NAME]!r} can not be the name of a document: it has 1 to {_DOCUMENT_NAME} characters, all "
        "printable"
    )
