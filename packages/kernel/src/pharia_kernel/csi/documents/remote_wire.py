"""How a document index of PhariaAI is asked, and how it answers."""

from __future__ import annotations

from typing import Any

import msgspec

from pharia_kernel.csi.types import Cursor, DocPath, Document, Filter, Hit, Image, SearchRequest
from pharia_kernel.types import JsonValue

_MODES = {"with-all": "with", "with-one-of": "with_one_of", "without": "without"}
_ONLY_TEXTS = {"with": [{"modality": "text"}]}


class Unexpected(Exception):
    """An answer that can not be expressed; the text says why."""


class _Cursor(msgspec.Struct, frozen=True):
    modality: str
    item: int = 0
    position: int = 0


class _Section(msgspec.Struct, frozen=True):
    modality: str
    text: str = ""


class _Result(msgspec.Struct, frozen=True):
    document_path: DocPath
    section: list[_Section]
    score: float
    start: _Cursor
    end: _Cursor


class _Document(msgspec.Struct, frozen=True):
    contents: list[_Section]
    metadata: Any = None


def search_body(request: SearchRequest) -> bytes:
    return msgspec.json.encode(
        {
            "query": [{"modality": "text", "text": request.query}],
            "max_results": request.limit,
            "min_score": request.min_score,
            "filters": [*map(_filter, request.filters), _ONLY_TEXTS],
        }
    )


def _filter(one: Filter) -> dict[str, Any]:
    return {
        _MODES[one.mode]: [
            {
                "metadata": {
                    "field": condition.field,
                    condition.operator.replace("-", "_"): True if condition.operator == "is-null" else condition.value,
                }
            }
            for condition in one.conditions
        ]
    }


def hits(body: bytes) -> list[Hit]:
    """Raises :class:`Unexpected`."""
    return [_hit(result) for result in _decoded(body, list[_Result])]


def document(path: DocPath, body: bytes) -> Document:
    """Raises :class:`Unexpected`."""
    found = _decoded(body, _Document)
    for part in found.contents:
        if part.modality not in ("text", "image"):
            raise Unexpected(f"a part of the document is of the unknown modality {part.modality!r}")
    parts = tuple(part.text if part.modality == "text" else Image() for part in found.contents)
    return Document(path, parts, found.metadata)


def metadata(body: bytes) -> JsonValue:
    """Raises :class:`Unexpected`."""
    return _decoded(body, _Document).metadata


def _hit(result: _Result) -> Hit:
    if len(result.section) != 1:
        raise Unexpected(f"a result has {len(result.section)} items in its section; one text is expected")
    (section,), start, end = result.section, result.start, result.end
    if not section.modality == start.modality == end.modality == "text":
        raise Unexpected("a result is not a text")
    return Hit(
        result.document_path,
        section.text,
        result.score,
        Cursor(start.item, start.position),
        Cursor(end.item, end.position),
    )


def _decoded(body: bytes, shape: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unexpected(str(error)) from None
