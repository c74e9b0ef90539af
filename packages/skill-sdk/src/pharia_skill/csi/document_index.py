"""Documents, their parts, and searching them."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from pharia_skill.csi.numbers import U32
from pharia_skill.csi.search_filter import *  # noqa: F403  # its __all__ is the list
from pharia_skill.csi.search_filter import SearchFilter

__all__ = [
    "Cursor",
    "Document",
    "DocumentPath",
    "Image",
    "IndexPath",
    "JsonSerializable",
    "Modality",
    "SearchRequest",
    "SearchResult",
    "Text",
]

JsonSerializable = dict[str, Any] | list[Any] | str | int | float | bool | None


@dataclass(frozen=True)
class DocumentPath:
    namespace: str
    collection: str
    name: str


@dataclass
class IndexPath:
    namespace: str
    collection: str
    index: str


@dataclass
class SearchRequest:
    """``min_score`` is a cosine similarity, -1 to 1; all ``filters`` must match."""

    index_path: IndexPath
    query: str
    max_results: U32 = 1
    min_score: float | None = None
    filters: list[SearchFilter] = field(default_factory=list)


@dataclass
class Cursor:
    """``item`` counts the parts of a document, ``position`` the characters of the part; both inclusive."""

    item: int
    position: int


@dataclass
class SearchResult:
    document_path: DocumentPath
    content: str
    score: float
    start: Cursor
    end: Cursor


@dataclass
class Text:
    text: str
    modality: Literal["text"] = "text"

    @property
    def value(self) -> str:
        """``text`` as SDK 0.5.9 to 0.5.12 named it."""
        return self.text


@dataclass
class Image:
    """The picture itself is not handed to skills."""

    modality: Literal["image"] = "image"


Modality = Text | Image


@dataclass
class Document:
    path: DocumentPath
    contents: list[Modality]
    metadata: JsonSerializable

    @property
    def text(self) -> str:
        """All text parts, joined by an empty line."""
        return "\n\n".join(part.text for part in self.contents if isinstance(part, Text))
