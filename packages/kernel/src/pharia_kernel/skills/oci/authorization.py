"""The header that answers a host's question who is asking: a password, or a token for one repository."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from pharia_kernel.skills.oci.answer import Answer, failure
from pharia_kernel.skills.oci.challenge import challenges
from pharia_kernel.skills.oci.credentials import Credentials, CredentialSource, SecretKind
from pharia_kernel.skills.oci.failures import Refused, RequestFailed, Unreachable

_CLIENT = "pharia-kernel"
_TOKENS = 10_000
_LIFETIME = 60.0
"""Seconds, where the token server does not say; the token specification's."""
_LEAST_LIFETIME = 10.0
_MARGIN = 0.9
"""Part of the lifetime for which a token is used."""
_CREDENTIAL_SECONDS = 300.0
"""For which a helper is not asked again."""


class Post(Protocol):
    """One request without redirections, for a small answer."""

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer: ...


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


@dataclass(slots=True)
class _Token:
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    header: str | None = field(default=None, repr=False)
    until: float = 0.0


class Authorization:
    """Of one host. ``way_out`` tells the operator what to set when the host does not take what there is."""

    def __init__(self, host: str, source: CredentialSource, send: Post, *, way_out: str, clock: Callable[[], float]):
        self._host = host
        self._source = source
        self._send = send
        self._way_out = way_out
        self._clock = clock
        self._scheme: str | None = None
        self._challenge: Mapping[str, str] = {}
        self._tokens: dict[str, _Token] = {}
        self._held: Credentials | None = None
        self._held_until = 0.0
        self._finding = asyncio.Lock()

    async def header(self, repository: str) -> str | None:
        """None until the host asks, and for whoever has no credentials. Raises :class:`RequestFailed`."""
        if self._scheme == "basic":
            held = await self._credentials()
            return held.basic() if held is not None else None
        if self._scheme != "bearer":
            return None
        token = self._token(repository)
        async with token.asking:
            if token.header is None or self._clock() >= token.until:
                token.header, seconds = await self._fetched(repository)
                token.until = self._clock() + max(seconds, _LEAST_LIFETIME) * _MARGIN
            return token.header

    def challenged(self, answer: Answer, repository: str, sent: str | None) -> None:
        """Take note of a 401; the next header is another one, if there is one."""
        asked = challenges(answer.headers.get("WWW-Authenticate", ""))
        self._scheme = next((scheme for scheme in ("bearer", "basic") if scheme in asked), None)
        if self._scheme is None:
            raise Refused(f"{self._host} answered 401 without saying which credentials it takes")
        self._challenge = asked[self._scheme]
        token = self._token(repository)
        if sent is not None and token.header == sent:
            token.header = None
        if sent is not None:
            self._held_until = 0.0  # perhaps the file or the helper has newer ones

    def rejected(self, repository: str) -> Refused:
        """What a 401 means after the best header was sent."""
        held = self._held
        if held is None:
            return Refused(f"{self._host} wants to know who asks for {repository} ({self._way_out})")
        if self._scheme == "bearer" and held.kind is not SecretKind.ACCESS_TOKEN:
            return Refused(f"{self._host} knows {held.user!r} but does not let it pull {repository} ({self._way_out})")
        return Refused(
            f"{self._host} did not take the credentials of {held.user!r} from {held.origin} for {repository} "
            f"({self._way_out})"
        )

    def secrets(self) -> list[str]:
        """What no text may show."""
        held = [self._held.secret.get_secret_value()] if self._held is not None else []
        return held + [token.header.removeprefix("Bearer ") for token in self._tokens.values() if token.header]

    def _token(self, repository: str) -> _Token:
        if repository not in self._tokens and len(self._tokens) >= _TOKENS:
            self._tokens.clear()
        return self._tokens.setdefault(repository, _Token())

    async def _credentials(self) -> Credentials | None:
        async with self._finding:
            if self._clock() >= self._held_until:
                self._held = await self._source.find(self._host)
                self._held_until = self._clock() + _CREDENTIAL_SECONDS
            return self._held

    async def _fetched(self, repository: str) -> tuple[str, float]:
        """A header with a token, and the seconds for which it is good."""
        held = await self._credentials()
        if held is not None and held.kind is SecretKind.ACCESS_TOKEN:
            return f"Bearer {held.secret.get_secret_value()}", _CREDENTIAL_SECONDS
        realm = self._realm()
        query = {"service": self._challenge.get("service", ""), "scope": f"repository:{repository}:pull"}
        answer = await self._ask(realm, {name: value for name, value in query.items() if value}, held)
        if answer.status in (400, 401, 403):
            self._held_until = 0.0
            raise self._denied(answer, repository)
        if answer.status != 200:
            raise failure(answer, f"a token for {repository}", self.secrets())
        return _read_token(answer)

    def _denied(self, answer: Answer, repository: str) -> RequestFailed:
        held = self._held
        if held is None:
            return self.rejected(repository)
        return Refused(
            f"{answer.host} answered {answer.status} to the credentials of {held.user!r} from {held.origin}, for "
            f"{repository} ({self._way_out})"
        )

    async def _ask(self, realm: str, query: Mapping[str, str], held: Credentials | None) -> Answer:
        if held is not None and held.kind is SecretKind.IDENTITY_TOKEN:
            secret = held.secret.get_secret_value()
            form = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": secret, **query}
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return await self._send("POST", realm, kind, urlencode(form).encode())
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        headers = {"Authorization": held.basic()} if held is not None else {}
        return await self._send("GET", url, headers, None)

    def _realm(self) -> str:
        realm = self._challenge.get("realm", "")
        try:
            parts = urlsplit(realm)
            usable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.username is None
        except ValueError:
            usable = False
        if not usable:
            raise Refused(f"{self._host} names no address for tokens: {realm[:200]!r}")
        return realm


def _read_token(answer: Answer) -> tuple[str, float]:
    try:
        found = msgspec.json.decode(answer.body, type=_TokenAnswer)
    except (ValueError, RecursionError):
        raise Unreachable(f"{answer.host} gave an answer without a token") from None
    token = found.token or found.access_token
    if not token or not token.isascii() or not token.isprintable():
        raise Unreachable(f"{answer.host} gave an answer without a token that can be sent")
    return f"Bearer {token}", _LIFETIME if found.expires_in is None else found.expires_in
