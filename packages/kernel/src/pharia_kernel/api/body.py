"""Taking a body, JSON mostly, off the wire: bounded in bytes and in time, checked, never copied more than once."""

from __future__ import annotations

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from pharia_kernel.api.connection import ClientGone
from pharia_kernel.config import LimitSettings
from pharia_kernel.deadline import within
from pharia_kernel.errors import InvalidJson, MalformedRequest, PayloadTooLarge, RequestTimeout, UnsupportedMediaType


async def read_json(scope: Scope, receive: Receive, limits: LimitSettings) -> bytes:
    """The body as it was sent, which is JSON in UTF-8.

    Raises :class:`UnsupportedMediaType`, :class:`PayloadTooLarge`, :class:`RequestTimeout`, :class:`InvalidJson`, and
    :class:`ClientGone` when there is nobody left to answer.
    """
    if not is_json(media_type_of(scope)):
        raise UnsupportedMediaType("Expected request with `Content-Type: application/json`")
    body = await read_bytes(scope, receive, limits)
    check_json(body)
    return body


async def read_bytes(
    scope: Scope, receive: Receive, limits: LimitSettings, most: int | None = None, setting: str = "limits.input-bytes"
) -> bytes:
    """The body as it was sent, of any type; ``most`` bytes, by ``setting``, instead of those of the limits.

    Raises what :func:`read_json` does, but for what is not JSON.
    """
    headers, limit = Headers(scope=scope), limits.input_bytes if most is None else most
    _check_encoding(headers)
    try:
        _check_length(headers, limit)
        return await within(limits.body_seconds, _read(receive, limit))
    except _TooMuch:
        raise PayloadTooLarge(f"The request body is larger than {limit} bytes ({setting})") from None
    except TimeoutError:
        raise RequestTimeout(f"The request body did not arrive within {limits.body_seconds:g} seconds") from None


class _TooMuch(Exception):
    pass


def media_type_of(scope: Scope) -> str:
    """Without parameters, in lower case; empty if the client did not say."""
    return Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _check_encoding(headers: Headers) -> None:
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
        raise _TooMuch


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
            raise _TooMuch
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def check_json(body: bytes) -> None:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        body.decode()  # the decoder passes over the bytes inside of strings
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidJson(f"Failed to parse the request body as JSON: {error}") from None
    except RecursionError:
        raise InvalidJson("Failed to parse the request body as JSON: it is nested too deeply") from None
