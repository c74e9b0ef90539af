"""``/v1/documents``, for those who operate the kernel, or the namespace of the documents."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.body import check_json, is_json, media_type_of, read_bytes
from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.connection import UnlessGone
from pharia_kernel.api.csi.decoding import Body
from pharia_kernel.api.documents.wire import DocumentBody, DocumentPage, Removed, document
from pharia_kernel.api.service import Service
from pharia_kernel.api.skills import json_response
from pharia_kernel.config import Settings
from pharia_kernel.csi.documents.reading import EXTRACTED, TEXTS, texts_of
from pharia_kernel.csi.documents.store import CollectionPath, NewDocument
from pharia_kernel.csi.types import DocPath
from pharia_kernel.errors import RequestError, UnsupportedMediaType
from pharia_kernel.types import Action

_UPLOADS = 4
"""Bodies that are in memory at the same time."""
_PAGE, _LARGEST_PAGE = 100, 1000
_BODY = Body(DocumentBody)


def document_routes(kernel: Service, settings: Settings) -> list[BaseRoute]:
    uploads = asyncio.Semaphore(_UPLOADS)

    async def list_collections(request: Request) -> Response:
        caller = caller_of(request.scope)
        found = await kernel.documents(None, caller).collections()
        rights = caller.rights
        return json_response([one for one in found if rights is None or rights.allow(Action.ADMIN, one.namespace)])

    async def list_documents(request: Request) -> Response:
        at, limit = _collection(request), _limit(request)
        store = kernel.documents(at.namespace, caller_of(request.scope))
        found = await store.names(at, request.query_params.get("after", ""), limit + 1)
        return json_response(DocumentPage(found[:limit], found[limit - 1].name if len(found) > limit else None))

    async def read_document(request: Request) -> Response:
        path = _document(request)
        return json_response(document(await kernel.documents(path.namespace, caller_of(request.scope)).kept(path)))

    async def put_document(request: Request) -> Response:
        path = _document(request)
        store = kernel.documents(path.namespace, caller_of(request.scope))
        async with uploads:
            new = await _uploaded(request, path.name, settings)
            async with UnlessGone(request.receive):
                (stored,) = await store.put(CollectionPath(path.namespace, path.collection), [new])
        return json_response(stored)

    async def remove_document(request: Request) -> Response:
        path = _document(request)
        await kernel.documents(path.namespace, caller_of(request.scope)).remove(path)
        return json_response(Removed(path.name))

    async def remove_collection(request: Request) -> Response:
        at = _collection(request)
        await kernel.documents(at.namespace, caller_of(request.scope)).remove_collection(at)
        return json_response(Removed(str(at)))

    one, all_of_one = "/v1/documents/{namespace}/{collection}/{name:path}", "/v1/documents/{namespace}/{collection}"
    return [
        Route("/v1/documents", list_collections, methods=["GET"]),
        Route(all_of_one, list_documents, methods=["GET"]),
        Route(all_of_one, remove_collection, methods=["DELETE"]),
        Route(one, read_document, methods=["GET"]),
        Route(one, put_document, methods=["PUT"]),
        Route(one, remove_document, methods=["DELETE"]),
    ]


async def _uploaded(request: Request, name: str, settings: Settings) -> NewDocument:
    media_type = media_type_of(request.scope)
    if is_json(media_type):
        body = await _read(request, settings)
        check_json(body)
        given: DocumentBody = _BODY.decode(body)
        return NewDocument(name, given.neutral(), given.metadata)
    if media_type not in TEXTS and media_type not in EXTRACTED:
        known = ", ".join(("application/json", *sorted({*TEXTS, *EXTRACTED})))
        raise UnsupportedMediaType(f"Documents of the type `{media_type}` can not be read, only {known}")
    metadata = _metadata(request)
    data = await _read(request, settings)
    async with UnlessGone(request.receive):
        return NewDocument(name, await texts_of(data, media_type), metadata)


async def _read(request: Request, settings: Settings) -> bytes:
    most = settings.embedded_documents.document_bytes
    return await read_bytes(request.scope, request.receive, settings.limits, most, "embedded-documents.document-bytes")


def _metadata(request: Request) -> Any:
    text = request.query_params.get("metadata")
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestError(f"Failed to deserialize query string: metadata: {error}") from None


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= _LARGEST_PAGE):
        raise RequestError(f"Failed to deserialize query string: limit: must be 1 to {_LARGEST_PAGE}")
    return int(text)


def _collection(request: Request) -> CollectionPath:
    return CollectionPath(request.path_params["namespace"], request.path_params["collection"])


def _document(request: Request) -> DocPath:
    at = _collection(request)
    return DocPath(at.namespace, at.collection, request.path_params["name"])
