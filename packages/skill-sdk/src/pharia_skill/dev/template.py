"""A project out of a template."""

from __future__ import annotations

import keyword
import re
import sys
import tempfile
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from string import Template as Text

from pharia_skill.errors import CommandError, FolderTaken, InvalidName

_TEMPLATES = Path(__file__).parent.parent / "templates"
_SHARED = "project"
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", re.ASCII)
_LONGEST = 64
_TAKEN = frozenset({"pharia_skill", "pydantic", "pydantic_core", "pytest", "conftest", "typing_extensions"})


class Template(str, Enum):
    """Folders of ``templates``."""

    SKILL = "skill"
    STREAM = "stream"
    AGENT = "agent"


def create_project(name: str, template: Template, folder: Path) -> Path:
    """Make ``folder/name``, all of it or nothing; give its path.

    Raises :class:`~pharia_skill.errors.InvalidName` and :class:`~pharia_skill.errors.FolderTaken`.
    """
    module = module_name(name)
    project = folder / name
    if project.exists():
        raise FolderTaken(f"{project} is already there (choose another name, or remove it)")
    words = {"name": name, "module": module, "version": version("pharia-skill")}
    try:
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as scratch:
            whole = Path(scratch, name)
            for part in (_SHARED, template.value):
                _fill(_TEMPLATES / part, whole, words)
            whole.rename(project)
    except OSError as error:
        raise CommandError(f"{project} can not be made: {error.strerror or error}") from error
    return project


def module_name(name: str) -> str:
    """What the skill is imported as. Raises :class:`~pharia_skill.errors.InvalidName`."""
    module = name.replace("-", "_")
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise InvalidName(
            f"`{name[:_LONGEST]}` can not be the name of a skill: up to {_LONGEST} of a-z, 0-9, - and _ between them, "
            "beginning with a letter (example: news-summary)"
        )
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        raise InvalidName(f"`{name}` is a word of Python and can not be the name of a module (example: {name}-skill)")
    if module in sys.stdlib_module_names or module in _TAKEN or module.startswith("test_"):
        raise InvalidName(f"`{name}` would hide the module `{module}` (example: {name}-skill)")
    return module


def _fill(template: Path, folder: Path, words: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for source in sorted(template.iterdir()):
        name = source.name.removesuffix(".tmpl").replace("module", words["module"])
        (folder / name).write_text(Text(source.read_text()).substitute(words))
