"""One API key: what its holder has, and what is kept of it.

The secret has 256 random bits, so that a keyed hash is enough: nobody finds it by trying, and checking costs no time.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from pharia_kernel.types import Action

_TOKEN = re.compile(r"phk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_SALT_BYTES = 16
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept: enough to know the key, not to use it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{12}$")]
    name: str
    salt: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    hash: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    """HMAC-SHA-256 of the secret under the salt."""
    namespaces: tuple[str, ...]
    """``*`` for every one."""
    actions: tuple[Action, ...]
    created: Moment
    expires: Moment | None = None

    def fits(self, secret: str) -> bool:
        """Takes the same time whatever the secret."""
        return hmac.compare_digest(_hash(self.salt, secret), self.hash)


def new_key(
    name: str, namespaces: Sequence[str], actions: Sequence[Action], created: datetime, expires: datetime | None
) -> tuple[Key, str]:
    """The key and the token for its holder, which exists nowhere else."""
    id, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_hex(_SALT_BYTES)
    key = Key(id, name, salt, _hash(salt, secret), tuple(namespaces), tuple(actions), created, expires)
    return key, f"phk_{id}_{secret}"


def parts_of(token: str) -> tuple[str, str] | None:
    """Id and secret; None for what is no API key."""
    match = _TOKEN.fullmatch(token)
    return None if match is None else (match[1], match[2])


def _hash(salt: str, secret: str) -> str:
    return hmac.digest(bytes.fromhex(salt), secret.encode(), "sha256").hex()
