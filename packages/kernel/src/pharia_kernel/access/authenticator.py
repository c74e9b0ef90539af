"""Who has a token."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from pharia_kernel.types import Rights


@dataclass(frozen=True, slots=True)
class Identity:
    id: str
    """Where it is from and who it is, such as ``key:1f0c`` or ``jwt:alice``; not secret."""
    rights: Rights
    forwarded: bool
    """Whether the token is meant for backends too, which get it then."""


class Authenticator(Protocol):
    """An async context manager; safe to ask concurrently."""

    async def __aenter__(self) -> Authenticator: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def identify(self, token: str) -> Identity:
        """Raises :class:`~pharia_kernel.errors.TokenRefused`, or :class:`~pharia_kernel.errors.AccessUnavailable`."""
        ...
