"""Callers that the IAM service of the platform knows: ``POST {url}/check_user``."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import msgspec

from pharia_kernel.access.authenticator import Identity
from pharia_kernel.access.documents import Documents, TraceHeaders
from pharia_kernel.errors import AccessError, AccessUnavailable, TokenRefused
from pharia_kernel.types import ANY_NAMESPACE, Action, Rights

logger = logging.getLogger("pharia_kernel.access")

PERMISSION = "KernelAccess"
_TEXT = "Failed to check token validity against the authorization service. Try again later"
_UNAVAILABLE_SECONDS = 1.0
"""How long a failure answers for the same token, so that those who wait do not ask one after the other."""


class _Permission(msgspec.Struct, frozen=True):
    permission: str


class _User(msgspec.Struct, frozen=True):
    sub: str
    permissions: tuple[_Permission, ...]
    email: str | None = None
    email_verified: bool | None = None


@dataclass(frozen=True, slots=True)
class IamOptions:
    url: str
    actions: frozenset[Action]
    """What everybody whom the service lets in may do, in every namespace."""
    admins: frozenset[str]
    """``sub``, or verified ``email``, of those who may operate the kernel as well."""
    request_seconds: float
    granted_seconds: float
    """How long it answers from memory for a token that was let in."""
    refused_seconds: float
    """And for one that was not."""
    entries: int
    """Tokens in memory of either kind."""


@dataclass(slots=True)
class _Entry:
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    answer: Identity | AccessError | None = None
    until: float = 0.0


class Iam:
    """Implements :class:`~pharia_kernel.access.authenticator.Authenticator`. Tokens are kept as digests only."""

    def __init__(self, options: IamOptions, *, trace_headers: TraceHeaders | None = None) -> None:
        self._options = options
        self._documents = Documents(seconds=options.request_seconds, trace_headers=trace_headers)
        self._known: OrderedDict[bytes, _Entry] = OrderedDict()
        self._others: OrderedDict[bytes, _Entry] = OrderedDict()
        """Apart from those let in, so that made-up tokens do not push them out."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Iam:
        await self._stack.enter_async_context(self._documents)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def identify(self, token: str) -> Identity:
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        entry = self._entry(digest)
        if self._fresh(entry) is None:
            try:
                async with asyncio.timeout(2 * self._options.request_seconds), entry.asking:
                    if self._fresh(entry) is None:
                        await self._ask(digest, entry, token)
            except TimeoutError:
                raise AccessUnavailable(_TEXT) from None
        answer = entry.answer
        if isinstance(answer, Identity):
            return answer
        raise TokenRefused(answer.reason) if isinstance(answer, TokenRefused) else AccessUnavailable(_TEXT)

    def _fresh(self, entry: _Entry) -> Identity | AccessError | None:
        return entry.answer if asyncio.get_running_loop().time() < entry.until else None

    def _entry(self, digest: bytes) -> _Entry:
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known
        return _kept(self._others, digest, self._others.get(digest) or _Entry(), self._options.entries)

    async def _ask(self, digest: bytes, entry: _Entry, token: str) -> None:
        options = self._options
        try:
            entry.answer, seconds = await self._answer(token), options.granted_seconds
        except TokenRefused as error:  # without its frames, which hold the token
            entry.answer, seconds = error.with_traceback(None), options.refused_seconds
        except AccessUnavailable as error:
            logger.error("Failed to send authorization request: %s", error)
            entry.answer, seconds = error.with_traceback(None), _UNAVAILABLE_SECONDS
        entry.until = asyncio.get_running_loop().time() + seconds
        granted = isinstance(entry.answer, Identity)
        (self._others if granted else self._known).pop(digest, None)
        _kept(self._known if granted else self._others, digest, entry, options.entries)

    async def _answer(self, token: str) -> Identity:
        status, body = await self._documents.ask(
            "POST",
            f"{self._options.url}/check_user",
            {"Authorization": f"Bearer {token}"},
            {"permissions": [{"permission": PERMISSION}]},
        )
        if status == 401:
            raise TokenRefused("the authorization service does not know the token")
        if not 200 <= status < 300:
            raise AccessUnavailable(f"the authorization service answered {status}")
        try:
            user = msgspec.json.decode(body, type=_User)
        except (ValueError, RecursionError):
            raise AccessUnavailable("the authorization service answered something else") from None
        if _Permission(PERMISSION) not in user.permissions:
            raise TokenRefused(f"no permission {PERMISSION}")
        return Identity(f"iam:{user.sub}", Rights({ANY_NAMESPACE: self._actions(user)}), forwarded=True)

    def _actions(self, user: _User) -> frozenset[Action]:
        names = {user.sub, user.email} if user.email_verified else {user.sub}
        return self._options.actions | ({Action.ADMIN} if names & self._options.admins else set())


def _kept(entries: OrderedDict[bytes, _Entry], digest: bytes, entry: _Entry, most: int) -> _Entry:
    entries[digest] = entry
    entries.move_to_end(digest)
    while len(entries) > most:
        entries.popitem(last=False)
    return entry
