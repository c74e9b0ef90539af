"""Names of skills and entries, and the paths a manifest may hold."""

from __future__ import annotations

import re

from luaskills.errors import ManifestError

_IDENTIFIER = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)


def is_identifier(text: str) -> bool:
    """Whether a text may name a skill or an entry."""
    return _IDENTIFIER.fullmatch(text) is not None


def check_identifier(label: str, text: str) -> None:
    """Raise ManifestError when ``text`` may not name a skill or an entry."""
    if not text.strip():
        raise ManifestError(f"{label} must not be empty")
    if not is_identifier(text):
        raise ManifestError(f"{label} must match ^[a-z]([a-z0-9-]*[a-z0-9])?$")


def check_version(text: str) -> None:
    """Raise ManifestError when ``text`` is not a semantic version."""
    if not text.strip():
        raise ManifestError("version must not be empty")
    if _SEMVER.fullmatch(text) is None:
        raise ManifestError(f"version must be a valid semantic version: {text!r} is not MAJOR.MINOR.PATCH")


def check_package_path(field: str, text: str, prefix: str) -> None:
    """Raise ManifestError when ``text`` is not a path below ``prefix`` inside a package."""
    if not text.strip():
        raise ManifestError(f"{field} must not be empty")
    parts = text.replace("\\", "/").split("/")
    if text.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", text) or "\0" in text:
        raise ManifestError(f"{field} must be a relative path under {prefix}")
    if ".." in parts:
        raise ManifestError(f"{field} must not contain parent directory segments (`..`)")
    if parts[0] != prefix or len(parts) < 2:
        raise ManifestError(f"{field} must start with {prefix}/")
