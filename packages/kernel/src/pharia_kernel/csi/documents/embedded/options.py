"""What the embedded index is told, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pharia_kernel.csi.documents.store import IndexDefinition, NewDocument, Picture, checked_document
from pharia_kernel.csi.types import SearchRequest
from pharia_kernel.errors import InvalidCsiRequest

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    directory: Path
    """Made when something is added."""
    index: IndexDefinition = field(default_factory=IndexDefinition)
    """Of new collections."""
    any_index: bool = True
    """Answer whatever index a search names."""
    document_bytes: int = 16 * MIB
    """Of all contents of a document, in UTF-8."""
    metadata_bytes: int = 64 * KIB
    """Of a document, as JSON."""
    query_bytes: int = 64 * KIB
    results: int = 1000
    """Of one search."""
    concurrent: int = 16
    """Operations at the same time; others wait."""
    read_seconds: float = 60.0
    write_seconds: float = 600.0
    """For a change, its turn among other writers and the embedding included."""
    threads: int | None = None


def check_search(options: EmbeddedOptions, request: SearchRequest) -> None:
    """Raises :class:`~pharia_kernel.errors.InvalidCsiRequest`."""
    size = _size(request.query)
    if size > options.query_bytes:
        raise InvalidCsiRequest(
            f"search: the query has {size:,} bytes, more than {options.query_bytes:,} (EMBEDDED_DOCUMENTS__QUERY_BYTES)"
        )
    if not 0 <= request.limit <= options.results:
        raise InvalidCsiRequest(
            f"search: max_results must be between 0 and {options.results}, not {request.limit} "
            "(EMBEDDED_DOCUMENTS__RESULTS)"
        )


def check_document(options: EmbeddedOptions, document: NewDocument) -> None:
    """Raises :class:`~pharia_kernel.errors.InvalidCsiRequest`."""
    checked_document(document.name)
    size = sum(len(part.data) if isinstance(part, Picture) else _size(part) for part in document.contents)
    if size > options.document_bytes:
        raise InvalidCsiRequest(
            f"document {document.name!r} has {size:,} bytes, more than {options.document_bytes:,} "
            "(EMBEDDED_DOCUMENTS__DOCUMENT_BYTES)"
        )
    try:
        metadata = len(msgspec.json.encode(document.metadata))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidCsiRequest(f"document {document.name!r}: its metadata is not JSON: {error}") from None
    if metadata > options.metadata_bytes:
        raise InvalidCsiRequest(
            f"document {document.name!r}: its metadata has {metadata:,} bytes, more than {options.metadata_bytes:,}"
        )


def _size(text: str) -> int:
    """Bytes."""
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise InvalidCsiRequest("documents: a text has half of a surrogate pair, which is no character") from None
