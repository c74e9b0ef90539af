"""A skill with everything of the developer's that belongs to it, as text."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pharia_skill.builder.target import Target
from pharia_skill.dev.changes import Stamp, stamp
from pharia_skill.dev.guest.snapshot import BASE
from pharia_skill.dev.imports import find_own, imported, is_installed_module

_DATA_BYTES = 256 * 1024
"""Largest text file that is taken along."""
_IN_EVERY_LOADER = frozenset(BASE)


@dataclass(frozen=True, slots=True)
class Module:
    file: Path
    path: str
    """Relative to the folder it is imported from; tracebacks show it."""
    text: str
    stamp: Stamp | None
    """Of the file before it was read."""


@dataclass(frozen=True, slots=True)
class Project:
    target: Target
    modules: Mapping[str, Module]
    data: Mapping[str, Path]
    """Text files the modules mention, by their path in the project."""
    wanted: tuple[str, ...]
    """Modules of others that the component must have; what is not installed is not among them."""
    problems: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """All that a change can be seen in."""
        return [*(module.file for module in self.modules.values()), *self.data.values()]

    @property
    def stamps(self) -> dict[Path, Stamp | None]:
        return {module.file: module.stamp for module in self.modules.values()}

    @property
    def main(self) -> Module:
        return self.modules[self.target.module]

    def as_source(self) -> bytes:
        """What the loader reads."""
        modules = {name: {"path": each.path, "text": each.text} for name, each in self.modules.items()}
        files = {path: file.read_text(errors="replace") for path, file in self.data.items()}
        whole = {"module": self.target.module, "function": self.target.function, "modules": modules, "files": files}
        return json.dumps(whole).encode()


def read_project(target: Target, source_paths: Sequence[Path] = ()) -> Project:
    """Follow the imports of the target, without running anything."""
    reading = _Reading(list(dict.fromkeys([target.root, *(path.resolve() for path in source_paths)])))
    reading.follow(target.module)
    return Project(
        target=target,
        modules=reading.modules,
        data=dict(_mentioned(list(reading.modules.values()))),
        wanted=tuple(sorted(reading.wanted - _IN_EVERY_LOADER)),
        problems=tuple(reading.problems),
    )


@dataclass
class _Reading:
    roots: list[Path]
    modules: dict[str, Module] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def follow(self, name: str) -> bool:
        """Take the module, the packages around it, and what they import; False for modules of others."""
        found = find_own(name, self.roots) if name else None
        if found is None:
            return False
        if name in self.modules:
            return True
        package, _, _ = name.rpartition(".")
        self.follow(package)
        root, file = found
        if file.is_dir():
            path = (file / "__init__.py").relative_to(root).as_posix()
            self.modules[name] = Module(file, path, "", stamp(file))
            return True
        path = file.relative_to(root).as_posix()
        before = stamp(file)
        module = self.modules[name] = Module(file, path, file.read_text(errors="replace"), before)
        self._follow_imports(module, name if file.name == "__init__.py" else package)
        return True

    def _follow_imports(self, module: Module, package: str) -> None:
        try:
            tree = ast.parse(module.text)
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            what = error.msg if isinstance(error, SyntaxError) else error
            self.problems.append(f"{module.path}{line}: {type(error).__name__}: {what}")
            return
        for name, member in imported(tree, package):
            inner = f"{name}.{member}" if member else name
            if self.follow(name):
                self.follow(inner)
            elif name not in _IN_EVERY_LOADER:
                self.wanted.update(each for each in (name, inner) if is_installed_module(each))


def _mentioned(modules: Sequence[Module]) -> Iterator[tuple[str, Path]]:
    """Text files beside the modules whose names stand in the source."""
    text = "\n".join(module.text for module in modules)
    for folder, prefix in {(each.file.parent, PurePosixPath(each.path).parent) for each in modules if each.text}:
        for file in sorted(folder.iterdir()):
            if file.suffix == ".py" or file.name.startswith(".") or file.name not in text:
                continue
            if file.is_file() and file.stat().st_size <= _DATA_BYTES:
                yield str(prefix / file.name), file
