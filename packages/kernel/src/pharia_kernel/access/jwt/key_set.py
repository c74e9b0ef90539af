"""The public keys of an identity provider: fetched when they are needed, kept, fetched again when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import msgspec

from pharia_kernel.access.documents import Documents
from pharia_kernel.config.access import is_trustworthy
from pharia_kernel.errors import AccessUnavailable, TokenRefused

logger = logging.getLogger("pharia_kernel.access")

_DISCOVERY = "/.well-known/openid-configuration"
_FIRST_PAUSE = 1.0
"""Seconds between tries while there are no keys at all."""


@dataclass(frozen=True, slots=True)
class KeySetOptions:
    issuer: str
    url: str | None
    """Of the key set; without it the issuer's discovery document says where."""
    refresh_seconds: float
    """Age at which keys are fetched again."""
    stale_seconds: float
    """Age up to which they are used while that fails."""
    pause_seconds: float
    """Least time between two fetches, whatever tokens come."""


class KeySet:
    def __init__(self, options: KeySetOptions, documents: Documents) -> None:
        self._options = options
        self._documents = documents
        self._keys: Mapping[tuple[str | None, str], Any] = {}
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._failed = True
        self._fetching = asyncio.Lock()

    async def key(self, id: str | None, algorithm: str) -> Any:
        """The key that a token names; raises :class:`TokenRefused` and :class:`AccessUnavailable`.

        A token without ``id`` has the only key for its algorithm, if there is only one.
        """
        if self._age() > self._options.refresh_seconds or self._found(id, algorithm) is None:
            await self._refresh(id, algorithm)
        if self._age() > self._options.stale_seconds:
            raise AccessUnavailable("the keys of the identity provider can not be had; try again later")
        key = self._found(id, algorithm)
        if key is None and self._failed:
            raise AccessUnavailable("the keys of the identity provider can not be had; try again later")
        if key is None:
            raise TokenRefused(f"the identity provider has no key {id!r} for {algorithm}")
        return key

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._fetched

    def _found(self, id: str | None, algorithm: str) -> Any | None:
        if id is not None:
            return self._keys.get((id, algorithm))
        fitting = [key for (_, fits), key in self._keys.items() if fits == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    async def _refresh(self, id: str | None, algorithm: str) -> None:
        """Many wait for one fetch."""
        async with self._fetching:
            if self._age() <= self._options.refresh_seconds and self._found(id, algorithm) is not None:
                return
            now = asyncio.get_running_loop().time()
            if now - self._tried < (self._options.pause_seconds if self._keys else _FIRST_PAUSE):
                return
            before, self._tried = self._tried, now
            try:
                self._keys = await self._fetched_keys()
            except AccessUnavailable as error:
                self._failed = True
                logger.error("fetching the keys of the identity provider: %s", error)
            except asyncio.CancelledError:
                self._tried = before  # the next one who waits tries at once
                raise
            else:
                self._fetched, self._failed = now, False

    async def _fetched_keys(self) -> Mapping[tuple[str | None, str], Any]:
        url = self._options.url or await self._discovered()
        keys = _object(await self._documents.get(url), url).get("keys")
        if not isinstance(keys, list):
            raise AccessUnavailable(f"{url} is no key set")
        found: dict[tuple[str | None, str], Any] = {}
        for number, entry in enumerate(keys):
            for algorithm, key in _usable(entry):
                id = entry.get("kid")
                found[id if isinstance(id, str) else f"#{number}", algorithm] = key
        if not found:
            raise AccessUnavailable(f"{url} has no key that can be used")
        return found

    async def _discovered(self) -> str:
        url = self._options.issuer.rstrip("/") + _DISCOVERY
        document = _object(await self._documents.get(url), url)
        if document.get("issuer") != self._options.issuer:
            raise AccessUnavailable(f"{url} speaks for another issuer than {self._options.issuer}")
        keys = document.get("jwks_uri")
        if not isinstance(keys, str) or not is_trustworthy(keys):
            raise AccessUnavailable(f"{url} names no https address of its keys")
        return keys


_BY_KIND = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA",),
    "Ed448": ("EdDSA",),
}


def _usable(entry: Any) -> list[tuple[str, Any]]:
    """Algorithms and key of one entry; none for keys of other kinds or uses."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return []
    kind = entry.get("kty") if entry.get("kty") == "RSA" else entry.get("crv")
    fitting = _BY_KIND.get(kind, ()) if isinstance(kind, str) else ()
    names = [name for name in fitting if entry.get("alg", name) == name]
    try:
        return [(name, jwt.PyJWK(entry, algorithm=name).key) for name in names]
    except (jwt.PyJWTError, ValueError, TypeError):
        logger.warning("a key of the identity provider can not be used", extra={"kid": str(entry.get("kid"))[:64]})
        return []


def _object(body: bytes, url: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise AccessUnavailable(f"{url} answered no JSON object") from None
