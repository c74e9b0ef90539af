"""One version of a package that can be fetched."""

from __future__ import annotations

from dataclasses import dataclass

from luaskills.management.install_record import Source


@dataclass(frozen=True, slots=True)
class Release:
    """Where a package is, and what it must be."""

    skill_id: str
    version: str
    url: str
    file_name: str
    sha256: str
    source: Source
    """With the tag, where the source has tags."""
