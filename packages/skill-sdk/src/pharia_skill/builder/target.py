"""Which module is to be built, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pharia_skill.errors import InvalidTarget


@dataclass(frozen=True, slots=True)
class Target:
    """``root`` is the folder Python must look in to import ``module``, which is written in ``file``."""

    module: str
    root: Path
    file: Path
    function: str | None = None
    """The one meant, where the module has several skills."""

    @property
    def name(self) -> str:
        """What the component is called: the function that was asked for, else the last part of the module's name."""
        return self.function or self.module.rpartition(".")[2]


def find_target(text: str, source_paths: Sequence[Path]) -> Target:
    """Take a module name (``haiku``, ``package.module``) or a file (``examples/haiku.py``).

    ``:function`` after either chooses one of several skills. Modules are looked for in the working directory and in
    ``source_paths``. Raises :class:`~pharia_skill.errors.InvalidTarget`.
    """
    place, colon, function = text.rpartition(":")
    if colon and len(place) > 1:
        if not function.isidentifier():
            raise InvalidTarget(f"`{function}` in `{text}` is no function's name (example: haiku.py:second)")
        return replace(_find(place, source_paths), function=function)
    return _find(text, source_paths)


def _find(text: str, source_paths: Sequence[Path]) -> Target:
    if text.endswith(".py") or "/" in text or "\\" in text:
        return _from_file(Path(text))
    roots = [Path(), *source_paths]
    parts = text.split(".")
    if not all(part.isidentifier() for part in parts):
        raise InvalidTarget(
            f"`{text}` is neither a Python file nor the name of a module (examples: haiku.py, my.module)"
        )
    for root in roots:
        base = root.joinpath(*parts)
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return Target(text, root.resolve(), file.resolve())
    searched = ", ".join(str(root.resolve()) for root in roots)
    raise InvalidTarget(f"there is no module `{text}` in {searched} (add its folder with --source-path)")


def _from_file(path: Path) -> Target:
    if path.is_dir():
        raise InvalidTarget(f"{path} is a folder; name the Python file of the skill, for example {path / 'haiku.py'}")
    if not path.is_file():
        raise InvalidTarget(f"there is no file {path} (working directory: {Path.cwd()})")
    file = path.resolve()
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise InvalidTarget(f"{path} can not be imported: a module's file is called like a Python name, and `.py`")
    parts = [file.stem] if file.stem != "__init__" else []
    root = file.parent
    while (root / "__init__.py").is_file() and root.name.isidentifier():
        parts.insert(0, root.name)
        root = root.parent
    return Target(".".join(parts), root, file)
