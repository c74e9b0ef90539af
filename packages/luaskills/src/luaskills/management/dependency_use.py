"""Which directories of private dependencies a package uses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from luaskills.engine.dependencies import KINDS, directory_name
from luaskills.engine.yaml_file import read_yaml
from luaskills.errors import ManifestError


def unused(dependencies: Iterable[Path], packages: Iterable[Path]) -> tuple[Path, ...]:
    """Directories ``<kind>/<skill>/<name>/<version>`` and ``…/<name>`` that none of the packages declares.

    ``dependencies`` are the directories ``<kind>/<skill>``. A package that can not be read keeps everything.
    """
    declared: dict[tuple[str, str], set[str] | None] = {}
    for package in packages:
        try:
            _collect(package, declared)
        except (ManifestError, AttributeError, KeyError, TypeError):
            return ()
    found: list[Path] = []
    for directory in dependencies:
        for name in _children(directory):
            key = (directory.parent.name, name.name)
            if key not in declared:
                found.append(name)
                continue
            versions = declared[key]
            found.extend(
                version for version in _children(name) if versions is not None and version.name not in versions
            )
    return tuple(found)


def _collect(package: Path, declared: dict[tuple[str, str], set[str] | None]) -> None:
    """Add what one package declares; None stands for any version."""
    file = package / "dependencies.yaml"
    data = (read_yaml(file) or {}) if file.is_file() else {}
    for key, kind in KINDS.items():
        for item in data.get(key) or []:
            if item.get("scope", "skill") == "host":
                continue
            place = (kind, directory_name(item["name"]))
            version = str(item.get("version") or "")
            known = declared.setdefault(place, set())
            if not version or known is None:
                declared[place] = None
            else:
                known.update(directory_name(text) for text in (version, version.removeprefix("v")))


def _children(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
