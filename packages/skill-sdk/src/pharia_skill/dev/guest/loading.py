"""From source text to the handler in it, or to a sentence that says what is wrong with it."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from pharia_skill import _selected

from . import files
from .sources import Project, SourceImporter, read_project


class SourceFailed(Exception):
    """``str(error)`` names file and line."""


def load_handler(name: str, absent: Mapping[str, str]) -> Any:
    """An instance of the project's class ``name``; ``absent`` explains imports that can not work.

    Raises :class:`SourceFailed`.
    """
    project = read_project()
    if project is None:
        raise SourceFailed("this component runs the source that `pharia-skill dev` adds to it, and there is none")
    _selected.NAME = project.function
    files.install(project.files)
    SourceImporter(project.modules).install()
    try:
        module = importlib.import_module(project.module)
    except BaseException as error:
        raise SourceFailed(_explained(error, project, absent)) from None
    handler = getattr(module, name, None)
    if handler is None:
        decorator = "@skill" if name == "SkillHandler" else "@message_stream"
        path = project.modules[project.module].path
        raise SourceFailed(f"{path} has no function decorated with {decorator}")
    return handler()


def _explained(error: BaseException, project: Project, absent: Mapping[str, str]) -> str:
    place, line = _place(error, project)
    text = f"{place}{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    if line:
        text += f"\n    {line}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"\n{_why(error.name, absent)}"
    return text


def _place(error: BaseException, project: Project) -> tuple[str, str]:
    """The innermost line of the project, not that in a library."""
    if isinstance(error, SyntaxError) and error.filename in project.paths:
        return f"{error.filename}, line {error.lineno}: ", (error.text or "").strip()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in project.paths]
    return (f"{frames[-1].filename}, line {frames[-1].lineno}: ", frames[-1].line or "") if frames else ("", "")


def _why(module: str, absent: Mapping[str, str]) -> str:
    for name, reason in absent.items():
        if name == module or name.startswith(f"{module}."):
            return f"`{name}` can not be used in a skill: {reason}"
    if module.split(".")[0] in sys.stdlib_module_names:
        return f"`{module}` is not there in a skill's sandbox"
    return f"install `{module.split('.')[0]}` where `pharia-skill dev` runs; it notices"
