"""Names of bytes: ``sha256:`` and the digest in hexadecimal."""

from __future__ import annotations

import hashlib

from pharia_skill.errors import ContentMismatch


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def check_digest(expected: str, found: str, what: str) -> None:
    """Raises :class:`~pharia_skill.errors.ContentMismatch`."""
    if expected != found:
        raise ContentMismatch(
            f"{what} has the digest {found}, not {expected}: it was changed on the way or in the store"
        )
