"""Answers to a registry's question who is asking: nobody, a user with a password, or the bearer of a token."""

from __future__ import annotations

import base64
import io
import json
import re
from urllib.parse import urlencode, urlsplit

from pharia_skill.errors import (
    RegistryAnswerInvalid,
    RegistryError,
    RegistryForbidden,
    RegistryUnauthorized,
    RegistryUntrusted,
)
from pharia_skill.registry.connection import Answer, Connection, Effort
from pharia_skill.registry.credentials import TOKEN, USER, Credentials, SecretKind
from pharia_skill.registry.refusal import refusal

_SCHEME = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=\s*(?:,|$)|\s+[A-Za-z])")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_CLIENT = "pharia-skill"


def challenges(header: str) -> dict[str, dict[str, str]]:
    """The schemes of a ``WWW-Authenticate`` header (in lower case) with their parameters."""
    found: dict[str, dict[str, str]] = {}
    position = 0
    while position < len(header):
        scheme = _SCHEME.match(header, position)
        if scheme is None:
            break
        parameters = found.setdefault(scheme[1].lower(), {})
        position = scheme.end()
        while parameter := _PARAMETER.match(header, position):
            quoted = parameter[2]
            value = parameter[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters[parameter[1].lower()] = value
            position = parameter.end()
    return found


class Authorization:
    """The ``Authorization`` header for one repository; empty until the registry asks for one.

    ``scope`` is what tokens are asked for: ``repository:team/haiku:pull,push``.
    """

    def __init__(
        self, connection: Connection, credentials: Credentials | None, scope: str, effort: Effort | None = None
    ) -> None:
        self._connection = connection
        self._effort = effort or Effort()
        self._credentials = credentials
        self._scope = scope
        self.header: str | None = None

    def renew(self, refused: Answer) -> None:
        """Find the header that answers a 401.

        Raises :class:`~pharia_skill.errors.RegistryUnauthorized` when there is none, or none better.
        """
        asked = challenges(refused.headers.get("WWW-Authenticate", ""))
        before = self.header
        if "bearer" in asked:
            self.header = f"Bearer {self._token(asked['bearer'], refused)}"
        elif "basic" not in asked:
            host = urlsplit(refused.url).netloc
            raise RegistryUnauthorized(f"{host} answered 401 without saying which credentials it takes")
        elif self._credentials is not None:
            self.header = _basic(self._credentials)
        if self.header == before:
            raise self.rejected(refused)

    def rejected(self, answer: Answer) -> RegistryError:
        """What a 401 means after the best header was sent."""
        host = urlsplit(answer.url).netloc
        held = self._credentials
        if held is None:
            return RegistryUnauthorized(
                f"{host} asks who you are (set {USER} and {TOKEN}, or run `docker login {host}`)"
            )
        if (self.header or "").startswith("Bearer ") and held.kind is not SecretKind.ACCESS_TOKEN:
            return RegistryForbidden(f"{host} knows `{held.user}` but grants no `{self._scope}`")
        return RegistryUnauthorized(
            f"{host} did not take the credentials of `{held.user}` from {held.origin}"
            f" ({answer.status}; check {USER} and {TOKEN}, or log in again)"
        )

    def _token(self, challenge: dict[str, str], refused: Answer) -> str:
        held = self._credentials
        if held is not None and held.kind is SecretKind.ACCESS_TOKEN:
            return held.secret
        realm = challenge.get("realm", "")
        _check_realm(realm, refused.url)
        query = {"service": challenge.get("service", ""), "scope": self._scope}
        answer = self._ask(realm, {name: value for name, value in query.items() if value})
        if answer.status in (401, 403):
            self.header = None
            raise self.rejected(answer)
        if answer.status != 200:
            raise refusal(answer, "asking for a token")
        return _token_in(answer)

    def _ask(self, realm: str, query: dict[str, str]) -> Answer:
        held = self._credentials
        if held is not None and held.kind is SecretKind.IDENTITY_TOKEN:
            form = {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": held.secret, **query}
            body = urlencode(form).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
            return self._connection.send("POST", realm, headers, io.BytesIO(body), effort=self._effort)
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        authorized = None if held is None else _basic(held)
        return self._connection.send("GET", url, {}, effort=self._effort, authorized=authorized)


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.user}:{credentials.secret}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _check_realm(realm: str, registry: str) -> None:
    parts = urlsplit(realm)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise RegistryAnswerInvalid(f"{urlsplit(registry).netloc} names no address for tokens: `{realm[:200]}`")
    if parts.scheme == "http" and urlsplit(registry).scheme == "https":
        raise RegistryUntrusted(f"{urlsplit(registry).netloc} wants credentials sent unprotected, to {realm[:200]}")


def _token_in(answer: Answer) -> str:
    try:
        content = json.loads(answer.body)
        token = content.get("token") or content["access_token"]
    except (ValueError, KeyError, AttributeError):
        raise RegistryAnswerInvalid(f"{urlsplit(answer.url).netloc} gave an answer without a token") from None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise RegistryAnswerInvalid(f"{urlsplit(answer.url).netloc} gave a token that can not be sent")
    return token
