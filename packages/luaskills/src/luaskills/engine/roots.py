"""The chain of skill roots: its rules, the directories that belong to a root, and what packages it holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from luaskills.engine.names import is_identifier
from luaskills.errors import InvalidInput, RootChainError
from luaskills.types import SkillRoot

LABELS = ("ROOT", "PROJECT", "USER")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package directory that won its id."""

    skill_id: str
    root: SkillRoot
    skill_dir: Path


def parse_roots(values: Iterable[SkillRoot | Mapping[str, str]]) -> tuple[SkillRoot, ...]:
    """Roots from values or ``{name, skills_dir}`` objects, in the order given, checked; raises RootChainError."""
    roots = []
    for value in values:
        if isinstance(value, SkillRoot):
            name, directory = value.name, value.skills_dir
        else:
            name, directory = value.get("name", ""), value.get("skills_dir", "")
        if not isinstance(name, str) or not isinstance(directory, str | os.PathLike) or not str(directory):
            raise InvalidInput("a skill root needs the texts `name` and `skills_dir`")
        if "\0" in str(directory):
            raise InvalidInput(f"the directory of a skill root must not contain NUL: {str(directory)!r}")
        roots.append(SkillRoot(name.strip().upper(), str(directory)))
    _check_chain([root.name for root in roots])
    return tuple(roots)


def _check_chain(labels: list[str]) -> None:
    for label in labels:
        if label not in LABELS:
            raise RootChainError(f"unsupported skill root label '{label}'; expected one of {', '.join(LABELS)}")
    for label in labels:
        if labels.count(label) > 1:
            raise RootChainError(
                f"duplicate skill root label '{label}'; only one ROOT, PROJECT, and USER root is supported"
            )
    if "ROOT" not in labels:
        raise RootChainError("ROOT skill root is required; pass a ROOT layer before starting LuaSkills")
    if labels != sorted(labels, key=LABELS.index):
        raise RootChainError("skill roots must be ordered by fixed priority ROOT -> PROJECT -> USER")


def runtime_root(root: SkillRoot) -> Path:
    """The directory that holds a root's packages, dependencies, state and databases."""
    return Path(os.path.abspath(root.skills_dir)).parent


def common_runtime_root(roots: Iterable[SkillRoot]) -> Path:
    """The one parent of all roots; raises RootChainError when they have several."""
    parents = {runtime_root(root) for root in roots}
    if len(parents) != 1:
        raise RootChainError(
            "multiple runtime roots map to different parents; set host_options.skill_config_file_path explicitly"
        )
    return parents.pop()


def discover(roots: Iterable[SkillRoot]) -> list[Candidate]:
    """Package directories sorted by id; the first root that has an id owns it, an empty directory hides it."""
    winners: dict[str, Candidate | None] = {}
    for root in roots:
        for entry in _directories(root):
            if entry.name not in winners:
                path = Path(os.path.abspath(entry.path))
                winners[entry.name] = None if _is_empty(path) else Candidate(entry.name, root, path)
    return [candidate for _, candidate in sorted(winners.items()) if candidate is not None]


def disabled_record(root: SkillRoot, state_dir_name: str, skill_id: str) -> Path:
    """Where the record stands that disables a skill of this root."""
    return runtime_root(root) / state_dir_name / "skills" / "disabled" / f"{skill_id}.json"


def _is_empty(directory: Path) -> bool:
    """What can not be listed is not: it fails alone, when it is loaded."""
    try:
        return not os.listdir(directory)
    except OSError:
        return False


def _directories(root: SkillRoot) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root.skills_dir) as entries:
            return [e for e in entries if is_identifier(e.name) and e.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RootChainError(f"skill root '{root.name}' at {root.skills_dir} can not be read: {error}") from None
