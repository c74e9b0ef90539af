"""Finding skill packages and their case files."""

from __future__ import annotations

import os
from pathlib import Path

from luaskills.errors import ManifestError

MANIFEST = "skill.yaml"
CASE_FOLDER = "tests"
_SUFFIXES = (".yaml", ".yml")


def packages_at(path: Path) -> list[Path]:
    """The package ``path`` is, is inside of, or the ones that are directly in it; raises ManifestError for none."""
    path = Path(os.path.abspath(path))
    if not path.exists():
        raise ManifestError(f"there is no {path}")
    for directory in (path, *path.parents):
        if (directory / MANIFEST).is_file():
            return [directory]
    inner = sorted(found.parent for found in path.glob(f"*/{MANIFEST}")) if path.is_dir() else []
    if not inner:
        raise ManifestError(f"{MANIFEST} not found in {path}")
    return inner


def case_files(package: Path) -> list[Path]:
    """The YAML files below ``tests/`` but for recordings."""
    folder = package / CASE_FOLDER
    found = (path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    return sorted(path for path in found if "recordings" not in path.relative_to(folder).parts)
