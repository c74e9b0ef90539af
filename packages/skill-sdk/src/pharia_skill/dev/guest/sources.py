"""Modules that exist as text only."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import os
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Source:
    path: str
    """As the developer knows it: relative to the project's folder."""
    text: str

    @property
    def is_package(self) -> bool:
        return os.path.basename(self.path) == "__init__.py"


@dataclass(frozen=True)
class Project:
    module: str
    function: str | None
    modules: Mapping[str, Source]
    files: Mapping[str, str]
    """Text files that lie beside the modules, by path."""

    @property
    def paths(self) -> set[str]:
        return {source.path for source in self.modules.values()}


def read_project() -> Project | None:
    """What the host gives on standard input; None when there is nothing."""
    parts: list[bytes] = []
    while part := os.read(0, _CHUNK):
        parts.append(part)
    if not parts:
        return None
    found: dict[str, Any] = json.loads(b"".join(parts))
    modules = {name: Source(**source) for name, source in found["modules"].items()}
    return Project(found["module"], found["function"], modules, found["files"])


class SourceImporter(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports the project's modules before any other of the same name."""

    def __init__(self, modules: Mapping[str, Source]) -> None:
        self._modules = modules

    def install(self) -> None:
        for name in self._modules:
            sys.modules.pop(name, None)
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        source = self._modules.get(fullname)
        if source is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=source.path, is_package=source.is_package)
        spec.has_location = True
        return spec

    def is_package(self, fullname: str) -> bool:
        return self._modules[fullname].is_package

    def get_source(self, fullname: str) -> str:
        """Tracebacks show the lines of it."""
        return self._modules[fullname].text

    def get_code(self, fullname: str) -> types.CodeType:
        source = self._modules[fullname]
        return compile(source.text, source.path, "exec", dont_inherit=True)
