"""All skills below some files and folders, each as something to build."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pharia_skill.builder.kind import skills_in
from pharia_skill.builder.target import find_target
from pharia_skill.errors import InvalidTarget, NoSkill

_NOT_SEARCHED = ("__pycache__", "node_modules", "tests", "wasi_deps")


def every_skill(places: Sequence[str], source_paths: Sequence[Path]) -> list[str]:
    """Files (``haiku.py``), and functions where a file has several skills (``poems.py:second``).

    Raises :class:`~pharia_skill.errors.BuildError`, also for two skills of one name.
    """
    found = [target for place in places for target in _below(place, source_paths)]
    if not found:
        raise NoSkill(f"there is no function decorated with @skill or @message_stream in {', '.join(places)}")
    names = Counter(find_target(target, source_paths).name for target in found)
    for name, count in names.items():
        if count > 1:
            raise InvalidTarget(f"{count} skills would become {name}.wasm; build them one by one with --output")
    return found


def _below(place: str, source_paths: Sequence[Path]) -> Iterator[str]:
    if not Path(place).is_dir():
        target = find_target(place, source_paths)
        yield from [place] if target.function else _in_file(place, source_paths)
        return
    for parent, folders, names in os.walk(place):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_SEARCHED)
        for name in sorted(names):
            if name.endswith(".py") and name[:-3].isidentifier():
                yield from _in_file(str(Path(parent, name)), source_paths)


def _in_file(place: str, source_paths: Sequence[Path]) -> list[str]:
    skills = skills_in(find_target(place, source_paths))
    return [place] if len(skills) == 1 else [f"{place}:{skill.function}" for skill in skills]
