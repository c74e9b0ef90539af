"""Chains of skill roots below one runtime root, and the directories of a runtime root."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from luaskills.library import PathLike
from luaskills.values import RootLike, RuntimeSkillRoot, roots_json

_LAYOUT = (
    "temp",
    "temp/downloads",
    "resources",
    "lua_packages",
    "bin/tools",
    "libs",
    "dependencies",
    "state",
    "databases",
)


def absolute(path: PathLike) -> Path:
    """A path with ``~`` expanded and links resolved."""
    return Path(path).expanduser().resolve()


class RuntimeRoots:
    """The chains hosts use, in their fixed order ROOT, PROJECT, USER."""

    @staticmethod
    def standard(
        runtime_root: PathLike,
        *,
        include_project: bool = True,
        include_user: bool = True,
        root_skills_dir_name: str = "root_skills",
        project_skills_dir_name: str = "project_skills",
        user_skills_dir_name: str = "user_skills",
    ) -> list[RuntimeSkillRoot]:
        """ROOT, and unless they are left out PROJECT and USER, below one runtime root."""
        layers = [("ROOT", root_skills_dir_name)]
        if include_project:
            layers.append(("PROJECT", project_skills_dir_name))
        if include_user:
            layers.append(("USER", user_skills_dir_name))
        base = absolute(runtime_root)
        return [RuntimeSkillRoot(label, (base / name).as_posix()) for label, name in layers]

    @staticmethod
    def root_only(runtime_root: PathLike) -> list[RuntimeSkillRoot]:
        """ROOT alone."""
        return RuntimeRoots.standard(runtime_root, include_project=False, include_user=False)

    @staticmethod
    def find_by_label(skill_roots: Iterable[RootLike], label: str) -> RuntimeSkillRoot:
        """The root of a label, in any case; raises ValueError when the chain has none."""
        wanted = label.strip().upper()
        for root in roots_json(skill_roots):
            if root is not None and root["name"].strip().upper() == wanted:
                return RuntimeSkillRoot(root["name"], root["skills_dir"])
        raise ValueError(f"Runtime skill root '{wanted}' is not present in the configured root chain")

    @staticmethod
    def ensure_layout(runtime_root: PathLike, skill_roots: Iterable[RootLike] | None = None) -> None:
        """Make the directories of a runtime root and those of its skill roots (the standard chain by default)."""
        base = absolute(runtime_root)
        roots = RuntimeRoots.standard(base) if skill_roots is None else skill_roots
        skills = [absolute(root["skills_dir"]) for root in roots_json(roots) if root is not None]
        for directory in (*(base / name for name in _LAYOUT), *skills):
            directory.mkdir(parents=True, exist_ok=True)
