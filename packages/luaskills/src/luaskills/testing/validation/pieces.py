"""Asking the engine about one piece of a manifest at a time.

The engine stops at the first thing that is wrong. Here every piece goes into a manifest that is right otherwise, and
the engine says what it thinks of that: its texts, for everything at once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from luaskills.engine.manifest import read_manifest
from luaskills.errors import ManifestError
from luaskills.types import Json

GOOD_LUA = "runtime/luaskills-validate-good.lua"
_LARGEST_SCHEMA = 1024 * 1024
_FOLDERS = ("runtime", "help", "schemas")


@dataclass(frozen=True, slots=True)
class Pieces:
    """A copy of the files a manifest may name, and the parts that are right."""

    package: Path
    copy: Path
    title: str

    def whole(self, **parts: Any) -> dict[str, Json]:
        """A manifest that is right but for ``parts``; a part that is ``...`` is left out."""
        good: dict[str, Any] = {"name": self.title, "version": "1.0.0", "entries": [self.entry()]}
        return {key: value for key, value in (good | parts).items() if value is not ...}

    def entry(self, **parts: Any) -> dict[str, Json]:
        """An entry that is right but for ``parts``."""
        good: dict[str, Any] = {"name": "good", "lua_entry": GOOD_LUA, "lua_module": "good"}
        return {key: value for key, value in (good | parts).items() if value is not ...}

    def problem(self, manifest: Mapping[str, Json]) -> str | None:
        """What the engine says of a manifest; None when it is right."""
        file = self.copy / "skill.yaml"
        file.write_text(yaml.safe_dump(dict(manifest), sort_keys=False), "utf-8")
        try:
            read_manifest(self.copy, self.package.name)
        except ManifestError as error:
            return str(error).replace(str(self.copy), str(self.package))
        return None


@contextmanager
def pieces_of(package: Path, title: Json) -> Iterator[Pieces]:
    """Pieces of a package, in a temporary directory; ``title`` is the name its manifest gives."""
    with tempfile.TemporaryDirectory(prefix="luaskills-validate-") as folder:
        copy = Path(folder) / package.name
        copy.mkdir()
        for name in _FOLDERS:
            _stand_in(package, package / name, copy / name)
        good = copy / GOOD_LUA
        good.parent.mkdir(exist_ok=True)
        good.write_text("return function() return '' end\n", "utf-8")
        yield Pieces(package, copy, title if isinstance(title, str) and title.strip() else package.name)


def _stand_in(package: Path, folder: Path, copy: Path) -> None:
    """Files of the names that are in a folder and lead to files of the package; only schemas have their content."""
    for place, _, names in os.walk(folder) if not folder.is_symlink() else ():
        target = copy / Path(place).relative_to(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            file = Path(place, name)
            if not file.is_file() or not file.resolve().is_relative_to(package.resolve()):
                continue
            if folder.name == "schemas" and file.stat().st_size <= _LARGEST_SCHEMA:
                shutil.copyfile(file, target / name)
            else:
                (target / name).touch()
