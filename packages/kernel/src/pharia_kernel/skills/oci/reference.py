"""Names, tags and digests of skills in a registry."""

from __future__ import annotations

import hashlib
import re

from pharia_kernel.config.registry_address import parse_repository
from pharia_kernel.errors import SkillLoadError

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def digest_of(content: bytes) -> str:
    """Takes about 1 ms per megabyte."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def check_version(wanted: str) -> None:
    """Raises :class:`SkillLoadError` for what is neither a tag nor a digest."""
    if not (is_tag(wanted) or is_digest(wanted)):
        raise SkillLoadError(
            f"{wanted[:150]!r} is no version: write a tag (up to 128 letters, digits, . _ and -) or a digest "
            "(sha256: and 64 hexadecimal digits)"
        )


def repository_of(base: str, name: str) -> str:
    """``base/name``; raises :class:`SkillLoadError` for a name no registry can have."""
    try:
        if not name or "/" in name:
            raise ValueError(f"{name!r} is not one word")
        return parse_repository(f"{base}/{name}")
    except ValueError as error:
        raise SkillLoadError(f"skill {name[:150]!r} can not be in a registry: {error}") from None


def shown(repository: str, wanted: str) -> str:
    """How people write it."""
    return f"{repository}{'@' if is_digest(wanted) else ':'}{wanted}"
