"""Taking a JSON body off the wire: bounded in bytes and in time, checked, never copied more than once."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from pharia_kernel.api.connection import ClientGone
from pharia_kernel.config import LimitSettings
from pharia_kernel.errors import InvalidJson, MalformedRequest, PayloadTooLarge, RequestTimeout, UnsupportedMediaType


async def read_json(scope: Scope, receive: Receive, limits: LimitSettings) -> bytes:
    """The body as it was sent, which is JSON in UTF-8.

    Raises :class:`UnsupportedMediaType`, :class:`PayloadTooLarge`, :class:`RequestTimeout`, :class:`InvalidJson`, and
    :class:`ClientGone` when there is nobody left to answer.
    """
    headers = Headers(scope=scope)
    _check_type(headers)
    _check_length(headers, limits.input_bytes)
    try:
        async with asyncio.timeout(limits.body_seconds):
            body = await _read(receive, limits.input_bytes)
    except TimeoutError:
        raise RequestTimeout(f"The request body did not arrive within {limits.body_seconds:g} seconds") from None
    _check_json(body)
    return body


def _check_type(headers: Headers) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaType("Expected request with `Content-Type: application/json`")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding `{encoding}` is not supported; send the body as it is")


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length")
    if length is None:
        return
    if not (length.isascii() and length.isdigit()):
        raise MalformedRequest("The Content-Length header is not a number")
    if len(length) > 18 or int(length) > limit:
        raise _too_large(limit)


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _check_json(body: bytes) -> None:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        body.decode()  # the decoder passes over the bytes inside of strings
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidJson(f"Failed to parse the request body as JSON: {error}") from None
    except RecursionError:
        raise InvalidJson("Failed to parse the request body as JSON: it is nested too deeply") from None


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The request body is larger than {limit} bytes (limits.input-bytes)")
