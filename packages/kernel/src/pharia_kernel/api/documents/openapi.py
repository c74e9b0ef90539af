"""Documents in the OpenAPI document."""

from __future__ import annotations

from typing import Any

import msgspec

from pharia_kernel.api.documents import wire
from pharia_kernel.api.operation import Json, json_answer, operation
from pharia_kernel.csi.documents.store import CollectionInfo, Stored

TAG = {"name": "documents", "description": "What the index inside the kernel holds for skills to search."}

LIST_EXAMPLE: Json = {"documents": [{"name": "rules.md", "updated": "2025-01-01T12:00:00Z"}], "next": None}
BODY_EXAMPLE: Json = {
    "contents": [{"modality": "text", "text": "Nobody smokes."}, {"modality": "image", "bytes": "iVBORw0KGgo="}],
    "metadata": {"valid": "2025-01-01T00:00:00Z"},
}
STORED_EXAMPLE: Json = {"name": "rules.md", "passages": 1, "replaced": False}
COLLECTIONS_EXAMPLE: list[Json] = [
    {
        "namespace": "team",
        "collection": "handbook",
        "documents": 1,
        "passages": 1,
        "embedding": "wordllama-l2-supercat-256",
        "indexes": [{"name": "default", "passage_characters": 800, "overlap_characters": 100, "hybrid": True}],
    }
]
DOCUMENT_EXAMPLE: Json = {
    "path": {"namespace": "team", "collection": "handbook", "name": "rules.md"},
    **BODY_EXAMPLE,
    "updated": "2025-01-01T12:00:00Z",
}


def documents_document(ref_template: str) -> tuple[Json, Json]:
    """Paths, and the schemas they refer to."""
    kinds: list[Any] = [
        list[CollectionInfo],
        wire.DocumentPage,
        wire.DocumentAnswer,
        wire.DocumentBody,
        Stored,
        wire.Removed,
    ]
    found, schemas = msgspec.json.schema_components(kinds, ref_template=ref_template)
    collections, page, answer, body, stored, removed = found
    collection, name = (
        [_parameter("namespace", "team"), _parameter("collection", "handbook")],
        _parameter("name", "rules.md"),
    )
    paths: Json = {
        "/v1/documents": {
            "get": _operation("list_collections", "List the collections", collections, COLLECTIONS_EXAMPLE)
        },
        "/v1/documents/{namespace}/{collection}": {
            "get": _operation(
                "list_documents",
                "List the documents of a collection",
                page,
                LIST_EXAMPLE,
                parameters=[*collection, _query("after", "Names behind this one.", {"type": "string"}), _LIMIT],
            ),
            "delete": _operation(
                "remove_collection",
                "Remove a collection and its documents",
                removed,
                {"removed": "team/handbook"},
                parameters=collection,
            ),
        },
        "/v1/documents/{namespace}/{collection}/{name}": {
            "get": _operation(
                "read_document", "Read a document", answer, DOCUMENT_EXAMPLE, parameters=[*collection, name]
            ),
            "put": _operation(
                "put_document",
                "Add a document, or replace it",
                stored,
                STORED_EXAMPLE,
                description="The collection comes into being with its first document. Searches see the document as it "
                "was before, or as it is now.",
                parameters=[*collection, name, _METADATA],
                requestBody={"required": True, "content": _contents(body)},
            ),
            "delete": _operation(
                "remove_document",
                "Remove a document",
                removed,
                {"removed": "rules.md"},
                parameters=[*collection, name],
            ),
        },
    }
    return paths, msgspec.json.decode(msgspec.json.encode(schemas))  # defaults as JSON has them


def _operation(name: str, summary: str, schema: Json, example: Any, **more: Any) -> Json:
    return operation(name, "documents", summary, json_answer(schema, example=example), **more)


def _contents(body: Json) -> Json:
    text, binary = {"schema": {"type": "string"}}, {"schema": {"type": "string", "format": "binary"}}
    return {
        "application/json": {"schema": body, "example": BODY_EXAMPLE},
        "text/plain": text,
        "text/markdown": {**text, "example": "# Rules\n\nNobody smokes."},
        "text/html": text,
        "application/pdf": binary,
    }


def _parameter(name: str, example: str) -> Json:
    schema: Json = {"type": "string", "minLength": 1, "maxLength": 512}
    if name != "name":
        schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


_LIMIT = _query(
    "limit", "Most names of the answer.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
)
_METADATA: Json = {
    "name": "metadata",
    "in": "query",
    "description": "JSON; of a document that is not sent as JSON.",
    "schema": {"type": "string", "contentMediaType": "application/json"},
    "example": '{"valid": "2025-01-01T00:00:00Z"}',
}
