"""Which unpacked files go where in a runtime root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from luaskills.install_runtime.assets import Asset
from luaskills.install_runtime.target import PlatformTarget

_TREES = {
    "lua_runtime": {
        "lua_packages": "lua_packages",
        "libs": "libs",
        "resources": "resources",
        "licenses": "licenses/lua-runtime",
    },
    "luaskills_ffi": {"include": "include", "lib": "libs", "licenses": "licenses/luaskills-ffi"},
}
_MISSING = {
    "lua_runtime": "Lua runtime manifest was not found after installing {asset}",
    "luaskills_ffi": "LuaSkills dynamic library was not found after installing {asset}",
}
_HINTS = {"vldb_sqlite_lib": "sqlite", "vldb_lancedb_lib": "lancedb"}


def placed_files(asset: Asset, unpacked: Path, target: PlatformTarget) -> dict[str, Path]:
    """Path below the runtime root → unpacked file; raises FileNotFoundError when the asset lacks what it is for."""
    if asset.role in _TREES:
        files = dict(_trees(_top(unpacked, _TREES[asset.role]), _TREES[asset.role]))
        if asset.installed_path not in files:
            raise FileNotFoundError(_MISSING[asset.role].format(asset=asset.asset_name))
        return files
    if asset.role == "vldb_controller":
        name = target.controller_binary_name
        binary = next((path for path in _walk(unpacked) if path.name == name), None)
        if binary is None or binary.is_symlink():
            raise FileNotFoundError(f"{name} was not found in {asset.asset_name}")
        binary.chmod(0o755)
        return {asset.installed_path: binary}
    return {asset.installed_path: _library(asset, unpacked, target)}


def _library(asset: Asset, unpacked: Path, target: PlatformTarget) -> Path:
    """The provider's library: the one with the expected name, else with the right ending and the provider in it."""
    files = [path for path in _walk(unpacked) if path.is_file() and not path.is_symlink()]
    expected, hint = Path(asset.installed_path).name, _HINTS[asset.role]
    fitting = [path for path in files if path.suffix == target.dynamic_library_ext and hint in path.name.lower()]
    for path in (*(path for path in files if path.name == expected), *fitting):
        return path
    raise FileNotFoundError(f"dynamic library for {asset.role} was not found in {asset.asset_name}")


def _top(unpacked: Path, trees: dict[str, str]) -> Path:
    """The directory that holds the trees: the archive's root, or the one directory in it."""
    if any((unpacked / name).is_dir() for name in trees):
        return unpacked
    inside = list(unpacked.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink() else unpacked


def _trees(top: Path, trees: dict[str, str]) -> Iterator[tuple[str, Path]]:
    for name, place in trees.items():
        for path in _walk(top / name):
            if path.is_symlink():
                _check_link(path, top / name)
            yield f"{place}/{path.relative_to(top / name).as_posix()}", path


def _check_link(path: Path, tree: Path) -> None:
    """A link that leaves its tree would point elsewhere once the tree has moved."""
    if not path.resolve().is_relative_to(tree.resolve()):
        raise ValueError(f"archive member escapes extraction directory: {path.name}")


def _walk(directory: Path) -> Iterator[Path]:
    """Every file and link below a directory, sorted."""
    for parent, directories, files in os.walk(directory):
        directories.sort()
        links = [name for name in directories if (Path(parent) / name).is_symlink()]
        for name in sorted((*files, *links)):
            yield Path(parent) / name
