"""Where a skill of a root has its parts, and the leftovers of killed operations there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from luaskills.engine.dependencies import KINDS
from luaskills.engine.roots import disabled_record, runtime_root
from luaskills.management.durable import remove
from luaskills.management.lock import locked_if_free
from luaskills.management.targets import package_directory
from luaskills.management.transaction import HIDDEN, settle
from luaskills.types import Json, SkillRoot

_SCRATCH = ("install_tmp", "update_tmp", "update_backup", "uninstall_backup", "record_tmp")


@dataclass(frozen=True, slots=True)
class Site:
    """The directories of one root."""

    root: SkillRoot
    state_dir_name: str
    dependency_dir_name: str
    database_dir_name: str

    @classmethod
    def of(cls, root: SkillRoot, options: Mapping[str, Json]) -> Site:
        """From the host options of an engine."""
        names = (options[f"{name}_dir_name"] for name in ("state", "dependency", "database"))
        return cls(root, *names)

    @property
    def base(self) -> Path:
        return runtime_root(self.root)

    @property
    def state(self) -> Path:
        return self.base / self.state_dir_name

    @property
    def lock(self) -> Path:
        return self.state / "management.lock"

    @property
    def journal(self) -> Path:
        return self.state / "management.json"

    def package(self, skill_id: str) -> Path:
        return package_directory(self.root, skill_id)

    def record(self, skill_id: str) -> Path:
        return self.state / "installs" / f"{skill_id}.yaml"

    def disabled(self, skill_id: str) -> Path:
        return disabled_record(self.root, self.state_dir_name, skill_id)

    def dependencies(self, skill_id: str) -> tuple[Path, ...]:
        return tuple(self.base / self.dependency_dir_name / kind / skill_id for kind in KINDS.values())

    def database(self, kind: str, skill_id: str) -> Path:
        """``kind`` is ``sqlite`` or ``lancedb``."""
        return self.base / self.database_dir_name / kind / skill_id

    def package_scratch(self, name: str) -> Path:
        """Where packages are staged or kept: below the state, or in a hidden directory where that is another disk."""
        skills, state = self.package("x").parent, self.state / name
        skills.mkdir(parents=True, exist_ok=True)
        state.mkdir(parents=True, exist_ok=True)
        probe = f"{HIDDEN}{secrets.token_hex(4)}"
        (state / probe).mkdir()
        try:
            os.rename(state / probe, skills / probe)
        except OSError:
            (state / probe).rmdir()
            return skills / f"{HIDDEN}{name}"
        (skills / probe).rmdir()
        return state

    def settle(self) -> None:
        """Finish or undo what a killed process left; the lock is held. Raises ManagementError."""
        settle(self.base, self.journal)
        for directory in (*(self.state / name for name in _SCRATCH), self.package("x").parent):
            for leftover in directory.glob(f"{HIDDEN}*"):
                with suppress(OSError):  # rubbish must not keep a host from starting
                    remove(leftover)

    def recover(self) -> None:
        """As :meth:`settle`, unless nobody ever managed this root or another process does right now."""
        if not self.lock.is_file():
            return
        with locked_if_free(self.lock) as free:
            if free:
                self.settle()
