"""Documents and searches as they go over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from pharia_kernel.api.csi.numbers import S64, U32
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import MalformedRequest


class MetadataCondition(msgspec.Struct, frozen=True):
    """A field and exactly one condition. Moments are RFC 3339 timestamps."""

    field: str
    greater_than: float | None = None
    greater_than_or_equal_to: float | None = None
    less_than: float | None = None
    less_than_or_equal_to: float | None = None
    after: str | None = None
    at_or_after: str | None = None
    before: str | None = None
    at_or_before: str | None = None
    equal_to: str | S64 | bool | None = None
    is_null: bool | None = None

    def neutral(self) -> csi.Condition:
        given = {name: value for name in _CONDITIONS if (value := getattr(self, name)) is not None}
        if len(given) != 1 or given.get("is_null") is False:
            raise MalformedRequest(
                f"The filter on field `{self.field}` must have exactly one condition of {', '.join(_CONDITIONS)}; "
                "`is_null` can only be true"
            )
        ((name, value),) = given.items()
        return csi.Condition(self.field, name.replace("_", "-"), None if name == "is_null" else value)


_CONDITIONS = MetadataCondition.__struct_fields__[1:]


class MetadataFilter(msgspec.Struct, frozen=True):
    metadata: MetadataCondition


class SearchFilter(msgspec.Struct, frozen=True, rename={"with_": "with"}):
    """Exactly one of the members."""

    with_: tuple[MetadataFilter, ...] | None = None
    """All conditions hold."""
    with_one_of: tuple[MetadataFilter, ...] | None = None
    without: tuple[MetadataFilter, ...] | None = None
    """No condition holds."""

    def neutral(self) -> csi.Filter:
        given = [(mode, filters) for mode, filters in self._modes() if filters is not None]
        if len(given) != 1:
            raise MalformedRequest("A search filter must have exactly one of `with`, `with_one_of`, `without`")
        ((mode, filters),) = given
        return csi.Filter(mode, tuple(one.metadata.neutral() for one in filters))

    def _modes(
        self,
    ) -> tuple[tuple[Literal["with-all", "with-one-of", "without"], tuple[MetadataFilter, ...] | None], ...]:
        return ("with-all", self.with_), ("with-one-of", self.with_one_of), ("without", self.without)


class SearchRequest(msgspec.Struct, frozen=True):
    query: str
    index_path: csi.IndexPath
    max_results: U32
    min_score: float | None = None
    filters: tuple[SearchFilter, ...] = ()
    """All of them hold."""

    def neutral(self) -> csi.SearchRequest:
        filters = tuple(one.neutral() for one in self.filters)
        return csi.SearchRequest(self.index_path, self.query, self.max_results, self.min_score, filters)


class OldSearchResult(msgspec.Struct, frozen=True):
    document_path: csi.DocPath
    content: str
    score: float


class SearchResult(msgspec.Struct, frozen=True):
    document_path: csi.DocPath
    content: str
    score: float
    start: csi.Cursor
    end: csi.Cursor
    """Inclusive."""


def old_results(hits: Sequence[csi.Hit]) -> list[OldSearchResult]:
    return [OldSearchResult(hit.path, hit.text, hit.score) for hit in hits]


def results(hits: Sequence[csi.Hit]) -> list[SearchResult]:
    return [SearchResult(hit.path, hit.text, hit.score, hit.start, hit.end) for hit in hits]


class TextContent(msgspec.Struct, frozen=True, tag_field="modality", tag="text"):
    text: str


class ImageContent(msgspec.Struct, frozen=True, tag_field="modality", tag="image"):
    """Its pixels are not given."""


class Document(msgspec.Struct, frozen=True):
    path: csi.DocPath
    contents: list[TextContent | ImageContent]
    metadata: Any


def document(found: csi.Document) -> Document:
    contents = [TextContent(part) if isinstance(part, str) else ImageContent() for part in found.parts]
    return Document(found.path, contents, found.metadata)


class OldMetadataRequest(msgspec.Struct, frozen=True):
    document_path: csi.DocPath

    def neutral(self) -> csi.DocPath:
        return self.document_path
