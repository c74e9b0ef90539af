"""``pharia-skill build``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from pharia_skill.builder import DEFAULT_WIT, Built, SkillType, build_component
from pharia_skill.errors import BuildError

_MIB = 1024 * 1024


class Wit(str, Enum):
    """Interface lines a skill can be built for."""

    V0_3 = "0.3"
    V0_4 = "0.4"


_DEFAULT_WIT = Wit(DEFAULT_WIT)


def build(
    skills: Annotated[
        list[str], typer.Argument(metavar="SKILL...", help="Python files or module names: haiku.py, my_package.haiku")
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write (default: ./NAME.wasm)")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Folder for the files, instead of the working directory")
    ] = None,
    wit: Annotated[Wit, typer.Option(help="Interface line; 0.3 for kernels that do not know 0.4")] = _DEFAULT_WIT,
    skill_type: Annotated[
        SkillType | None, typer.Option(help="Kind of skill; read off the decorator if not given")
    ] = None,
    source_path: Annotated[
        list[Path] | None, typer.Option("--source-path", "-p", help="More folders to import from; may be repeated")
    ] = None,
    unstable: Annotated[bool, typer.Option(help="Turn on unstable parts of the interface")] = False,
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed")] = False,
    interactive: Annotated[bool, typer.Option(help="Accepted for older scripts; nothing is asked")] = True,
) -> None:
    """Build skills as WebAssembly components. What has not changed since the last build is left alone."""
    console = Console(stderr=True)
    if output is not None and (len(skills) > 1 or output_dir is not None):
        raise _failed(console, BuildError("--output names one file; with several skills use --output-dir alone"))
    for name in skills:
        target = output or (None if output_dir is None else output_dir / f"{_stem(name)}.wasm")
        try:
            with console.status(f"Building {name}"):
                built = build_component(
                    name,
                    target,
                    wit=wit.value,
                    kind=skill_type,
                    source_paths=source_path or [],
                    unstable=unstable,
                    force=force,
                )
        except BuildError as error:
            raise _failed(console, error) from None
        console.print(_summary(built), highlight=False)


def run_componentize_py(
    skill_module: str, output_file: str, unstable: bool, skill_type: SkillType, source_paths: list[str]
) -> str:
    """Build one skill the way SDKs up to 0.20 did; raises :class:`~pharia_skill.errors.BuildError`."""
    paths = [Path(path) for path in source_paths]
    built = build_component(skill_module, output_file, kind=skill_type, source_paths=paths, unstable=unstable)
    return str(built.path)


def _stem(name: str) -> str:
    return Path(name).stem if name.endswith(".py") else name.rpartition(".")[2]


def _summary(built: Built) -> str:
    what = "unchanged" if built.unchanged else f"built in {built.seconds:.1f} s"
    return f"{built.path}: {built.kind.value}, {built.size / _MIB:.1f} MiB, {what}"


def _failed(console: Console, error: BuildError) -> typer.Exit:
    console.print(Panel(error.message, title=f"Build failed ({error.code})", title_align="left", border_style="red"))
    return typer.Exit(1)
