"""Comparing semantic versions."""

from __future__ import annotations

from luaskills.engine.names import check_version

Order = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


def version_order(text: str) -> Order:
    """A key that sorts versions by precedence (build metadata does not count); raises ManifestError."""
    check_version(text)
    core, _, suffix = text.partition("+")[0].partition("-")
    major, minor, patch = core.split(".")
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in suffix.split(".") if part)
    return (int(major), int(minor), int(patch)), not suffix, parts
