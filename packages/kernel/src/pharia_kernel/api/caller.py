"""Who calls, from the ``Authorization`` header."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from pharia_kernel.errors import RequestError
from pharia_kernel.types import Caller


def caller_of(scope: Scope) -> Caller:
    """Anonymous without the header; raises :class:`RequestError` for anything but a bearer token."""
    header = Headers(scope=scope).get("authorization")
    if header is None:
        return Caller()
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise RequestError("invalid HTTP header (authorization): send `Authorization: Bearer TOKEN` or leave it out")
    return Caller(token)
