"""The part of ``pharia_skill`` that belongs into components, laid out for one interface line."""

from __future__ import annotations

import shutil
from pathlib import Path

DEFAULT_WIT = "0.4"
WIT_LINES = ("0.3", "0.4")

_SDK = Path(__file__).parent.parent
_PACKAGE = "pharia_skill"
_HOST_ONLY = ("builder", "cli", "dev", "registry", "studio", "templates", "testing", "pharia_skill_cli.py")
_OF_THE_LINE = ("wit", "bindings")
_CONFIG = "componentize-py.toml"
_ENTRY = "__init__.py"


def guest_files(wit: str) -> list[tuple[str, Path]]:
    """Name within the package, and file, of everything a component of that line is made of."""
    found: dict[str, Path] = {}
    for file in _files(_SDK):
        top = file.relative_to(_SDK).parts[0]
        if top not in _HOST_ONLY and not top.startswith("line_") and not (wit != DEFAULT_WIT and top in _OF_THE_LINE):
            found[file.relative_to(_SDK).as_posix()] = file
    if wit != DEFAULT_WIT:
        line = _SDK / f"line_{wit.replace('.', '_')}"
        found.update((file.relative_to(line).as_posix(), file) for part in _OF_THE_LINE for file in _files(line / part))
    return sorted(found.items())


def interface_files(wit: str) -> list[tuple[str, Path]]:
    """The part of :func:`guest_files` that ``componentize-py`` reads."""
    return [(name, file) for name, file in guest_files(wit) if name == _CONFIG or name.split("/")[0] in _OF_THE_LINE]


def stage_interface(wit: str, folder: Path) -> None:
    """Only what ``componentize-py`` reads: a package with the interface and nothing else in it."""
    for name, file in interface_files(wit):
        _copy(file, folder / _PACKAGE / name)
    (folder / _PACKAGE / _ENTRY).write_text("")


def stage_sdk(wit: str, folder: Path, *, bindings: Path, bare: bool = False) -> None:
    """The package as a component imports it, with the ``bindings`` made for its world; ``bare`` is those alone."""
    package = folder / _PACKAGE
    for name, file in guest_files(wit):
        if name.split("/")[0] not in _OF_THE_LINE and not bare:
            _copy(file, package / name)
    package.mkdir(parents=True, exist_ok=True)
    if bare:
        (package / _ENTRY).write_text("")
    shutil.copytree(bindings, package / "bindings")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
