"""A second copy of this package under a name of its own.

A process may hold another package called ``luaskills``: a released SDK that has loaded the library. The modules of the
copy are loaded from the same files, and what they import as ``luaskills`` is the copy. Stands on the standard library
only, as nothing of the package can be imported before.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

NAME = "_luaskills_native"
_ORIGINAL = "luaskills"


def install(package: Path) -> None:
    """Make the directory of the package importable as ``NAME``; a second time has no effect."""
    if not any(isinstance(finder, ApartFinder) or _same(finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ApartFinder(package))


def _same(finder: object) -> bool:
    """Whether another copy of this module made it."""
    return type(finder).__name__ == ApartFinder.__name__


class ApartFinder(MetaPathFinder):
    """Finds the modules of the copy."""

    def __init__(self, package: Path) -> None:
        self._package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file of a module, for names in the copy."""
        if fullname.partition(".")[0] != NAME:
            return None
        place = self._package.joinpath(*fullname.split(".")[1:])
        inside = place / "__init__.py"
        if inside.is_file():
            loader = _ApartLoader(fullname, str(inside))
            return spec_from_file_location(fullname, inside, loader=loader, submodule_search_locations=[str(place)])
        file = place.with_suffix(".py")
        if not file.is_file():
            return None
        return spec_from_file_location(fullname, file, loader=_ApartLoader(fullname, str(file)))


class _ApartLoader(SourceFileLoader):
    """Runs a module with an ``import`` that reaches the copy."""

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    if level == 0 and name.partition(".")[0] == _ORIGINAL:
        name = NAME + name[len(_ORIGINAL) :]
    return builtins.__import__(name, globals, locals, fromlist or (), level)
