"""A skill of this process that is imported again when its files have changed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from pharia_skill.builder.target import Target
from pharia_skill.dev.changes import Changes
from pharia_skill.dev.native.skill import NativeSkill, load_native
from pharia_skill.dev.project import Project, read_project


class LiveSkill:
    def __init__(self, target: Target, source_paths: Sequence[Path]) -> None:
        self.target = target
        self._source_paths = source_paths
        self._changes = Changes()
        self._loaded: NativeSkill | None = None
        self._modules: list[str] = []

    def current(self) -> NativeSkill:
        """Raises :class:`~pharia_skill.errors.PhariaSkillError`, again and again until the source is mended."""
        if self._loaded is None or self._changes.any():
            self._loaded = None
            self._forget()
            project = read_project(self.target, self._source_paths)
            self._modules = list(project.modules)
            self._changes.watch(project.files, project.stamps)
            _remove_bytecode(project)
            self._loaded = load_native(self.target)
        return self._loaded

    def _forget(self) -> None:
        for name in self._modules:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()


def _remove_bytecode(project: Project) -> None:
    """Python takes it for current when the source has the same size and second, which an edit can leave alone."""
    for module in project.modules.values():
        with suppress(OSError, NotImplementedError):
            Path(cache_from_source(str(module.file))).unlink()
