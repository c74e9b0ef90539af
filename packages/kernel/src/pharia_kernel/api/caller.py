"""Who calls, from the ``Authorization`` header."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Scope

from pharia_kernel.errors import RequestError
from pharia_kernel.types import Caller

CALLER_KEY = "pharia_kernel.caller"
"""Where the caller stands in the ASGI scope, once access was checked."""

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)


def bearer_of(scope: Scope) -> Caller:
    """Anonymous without the header; raises :class:`RequestError` for anything but one bearer token."""
    headers = Headers(scope=scope).getlist("authorization")
    if not headers:
        return Caller()
    scheme, _, token = headers[0].partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not _VISIBLE.fullmatch(token):
        raise RequestError("invalid HTTP header (authorization): send `Authorization: Bearer TOKEN` or leave it out")
    return Caller(token)


def caller_of(scope: Scope) -> Caller:
    """Whom the guard of the route let in."""
    caller: Caller = scope[CALLER_KEY]
    return caller
