"""The folder ``wasi_deps``, for those who call ``componentize-py`` themselves. ``pharia-skill build`` needs none."""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from pharia_skill.builder.wasi import pydantic_core
from pharia_skill.errors import WasiDependencyMissing

FOLDER = Path("wasi_deps")
_SHARED = "typing_extensions"


def find_wasi_wheels_path() -> Path:
    """Where the compiled part of pydantic for WebAssembly lies, unpacked; raises ``FileNotFoundError``."""
    try:
        return pydantic_core()
    except WasiDependencyMissing as error:
        raise FileNotFoundError(f"Directory containing WASI wheels not found. {error}") from error


def setup_wasi_deps() -> None:
    """Fill ``wasi_deps`` in the working directory, unless it holds the right version already."""
    source = find_wasi_wheels_path()
    if all((FOLDER / each.name).exists() for each in source.iterdir()):
        return
    with tempfile.TemporaryDirectory(dir=".", prefix=".wasi_deps-") as scratch:
        new = Path(scratch, "new")
        shutil.copytree(source, new)
        found = find_spec(_SHARED)
        if found is not None and found.origin is not None:
            shutil.copyfile(found.origin, new / f"{_SHARED}.py")
        if FOLDER.exists():
            FOLDER.rename(Path(scratch, "old"))
        new.rename(FOLDER)
