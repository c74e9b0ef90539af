"""What a package says of itself: its entries, under the names by which they are called."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.archive import package_id, unpack
from pharia_kernel.types import JsonValue

MISSING = 'Lua skills need packages that are not installed (pip install "pharia-kernel[lua]")'


@dataclass(frozen=True, slots=True)
class Entry:
    description: str
    input_schema: JsonValue


@dataclass(frozen=True, slots=True)
class Manifest:
    version: str
    entries: Mapping[str, Entry]
    """By canonical name, ``PACKAGE-ENTRY``; none of a package that is switched off."""


def read_manifest(folder: Path, name: str) -> Manifest:
    """Blocks. Raises :class:`SkillLoadError`, also where the engine is not installed."""
    try:
        from luaskills.engine import manifest as engine
        from luaskills.errors import EngineError
    except ImportError as error:
        raise SkillLoadError(f"{MISSING}: {error}") from None
    try:
        found = engine.read_manifest(folder, name)
    except (EngineError, OSError) as error:
        raise SkillLoadError(str(error)) from None
    if found is None:
        return Manifest("", {})
    entries = {f"{name}-{entry.name}": Entry(entry.description, dict(entry.input_schema)) for entry in found.entries}
    return Manifest(found.version, entries)


def entry_names(code: bytes) -> tuple[str, tuple[str, ...]]:
    """The package's name and the canonical names of its entries. Blocks; raises :class:`SkillLoadError`."""
    name = package_id(code)
    with tempfile.TemporaryDirectory(prefix="pharia-kernel-lua-") as folder:
        unpack(code, Path(folder))
        return name, tuple(read_manifest(Path(folder), name).entries)
