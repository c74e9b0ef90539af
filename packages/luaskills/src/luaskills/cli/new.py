"""``new``."""

from __future__ import annotations

import argparse
import shutil
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from luaskills.cli.commands import Commands
from luaskills.engine.names import check_identifier
from luaskills.errors import EngineError

_SUFFIX = ".tmpl"


def add(commands: Commands) -> None:
    """Add this command."""
    new = commands.add("new", _new, "Make a skill package with a test that passes.")
    new.add_argument("name", metavar="NAME", help="id of the skill and name of the folder: a-z, 0-9 and -")
    new.add_argument("--directory", metavar="DIR", type=Path, default=Path(), help="where the folder is made")


def _new(given: argparse.Namespace) -> int:
    folder = create_package(given.name, given.directory)
    print(f"{folder} is ready. Try it:\n\n  luaskills test {folder}\n  luaskills validate {folder}\n")
    return 0


def create_package(name: str, directory: Path) -> Path:
    """A folder ``name`` in ``directory`` from the template; raises EngineError, and OSError without leaving a part."""
    check_identifier("NAME", name)
    folder = directory / name
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise EngineError(f"{folder} already exists (choose another NAME or --directory)") from None
    values = {"@name@": name, "@title@": name.replace("-", " ").capitalize(), "@module@": name.replace("-", "_")}
    try:
        _copy(resources.files("luaskills.cli").joinpath("templates", "skill"), folder, values)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _copy(source: Traversable, target: Path, values: dict[str, str]) -> None:
    for item in source.iterdir():
        if item.is_dir():
            (target / item.name).mkdir()
            _copy(item, target / item.name, values)
        elif item.name.endswith(_SUFFIX):
            text = item.read_text("utf-8")
            for mark, value in values.items():
                text = text.replace(mark, value)
            (target / item.name.removesuffix(_SUFFIX)).write_text(text, "utf-8")
