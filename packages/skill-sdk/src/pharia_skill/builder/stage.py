"""The folders ``componentize-py`` is pointed at.

It takes the interface from the ``componentize-py.toml`` it finds, so the SDK is laid out anew with the files of the
wanted line. And it searches every folder it is given for such files and for compiled extensions, wherever they lie, so
a virtual environment inside a project would count twice: then the project is laid out anew without it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

DEFAULT_WIT = "0.4"
WIT_LINES = ("0.3", "0.4")

_SDK = Path(__file__).parent.parent
_HOST_ONLY = ("builder", "cli", "testing", "studio", "registry", "dev", "line_*", "__pycache__")
_CONFIG = "componentize-py.toml"
_EXTENSION = "wasm32-wasi.so"
_NEVER_IMPORTED = ("__pycache__", "node_modules")
_LARGEST_DATA_FILE = 4 * 1024 * 1024


def stage_sdk(wit: str, scratch: Path) -> Path:
    """A folder with the part of ``pharia_skill`` a component needs, for the line ``wit``."""
    root = scratch / "sdk"
    package = root / "pharia_skill"
    shutil.copytree(_SDK, package, ignore=shutil.ignore_patterns(*_HOST_ONLY))
    if wit != DEFAULT_WIT:
        for part in ("wit", "bindings"):
            shutil.rmtree(package / part)
            shutil.copytree(_SDK / f"line_{wit.replace('.', '_')}" / part, package / part)
    return root


def stage_sources(root: Path, scratch: Path) -> Path:
    """``root``, or a copy of it when it holds what must not be found twice."""
    if not any(name == _CONFIG or name.endswith(_EXTENSION) for _, _, names in os.walk(root) for name in names):
        return root
    copy = scratch / f"sources-{len(list(scratch.iterdir()))}"
    for folder, names in _own_files(root):
        target = copy / folder.relative_to(root)
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            if name.endswith(".py") or (folder / name).stat().st_size <= _LARGEST_DATA_FILE:
                shutil.copyfile(folder / name, target / name)
    return copy


def _own_files(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder that belongs to the project, with its files."""
    for parent, folders, names in os.walk(root):
        if any(name in (_CONFIG, "pyvenv.cfg") or name.endswith(_EXTENSION) for name in names):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NEVER_IMPORTED]
        yield Path(parent), [name for name in names if Path(parent, name).is_file()]
