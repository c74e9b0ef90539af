"""``pharia-skill build``."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.text import Text

from pharia_skill.builder import DEFAULT_WIT, Built, SkillType, build_component
from pharia_skill.builder.every_skill import every_skill
from pharia_skill.cli.after_build import prompt_for_publish
from pharia_skill.errors import BuildError

_MIB = 1024 * 1024


class Wit(str, Enum):
    """Interface lines a skill can be built for."""

    V0_3 = "0.3"
    V0_4 = "0.4"


_DEFAULT_WIT = Wit(DEFAULT_WIT)


def build(
    skills: Annotated[
        list[str],
        typer.Argument(
            metavar="SKILL...", help="Python files or module names: haiku.py, my_package.haiku, poems.py:second"
        ),
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write (default: ./NAME.wasm)")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Folder for the files, instead of the working directory")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every skill in the given files and folders")] = False,
    wit: Annotated[Wit, typer.Option(help="Interface line; 0.3 for kernels that do not know 0.4")] = _DEFAULT_WIT,
    skill_type: Annotated[
        SkillType | None, typer.Option(help="Kind of skill; read off the decorator if not given")
    ] = None,
    source_path: Annotated[
        list[Path] | None, typer.Option("--source-path", "-p", help="More folders to import from; may be repeated")
    ] = None,
    unstable: Annotated[bool, typer.Option(help="Turn on unstable parts of the interface")] = False,
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed")] = False,
    interactive: Annotated[bool, typer.Option(help="Offer to publish the skill; never without a terminal")] = True,
) -> None:
    """Build skills as WebAssembly components. What was built before of the same files comes from the cache."""
    console = Console(stderr=True)
    paths = source_path or []
    try:
        names = every_skill(skills, paths) if every else skills
        if output is not None and (len(names) > 1 or output_dir is not None):
            raise BuildError("--output names one file; with several skills use --output-dir alone")
        done = []
        for name in names:
            file = output or (None if output_dir is None else output_dir / f"{_stem(name)}.wasm")
            with console.status(f"Building {name}") as status:
                done.append(_build(name, file, wit, skill_type, paths, unstable, force, status))
            _report(console, done[-1])
    except BuildError as error:
        panel = Panel(Text(error.message), title=f"Build failed ({error.code})", title_align="left", border_style="red")
        console.print(panel)
        raise typer.Exit(1) from None
    if interactive and len(done) == 1 and sys.stdin.isatty() and sys.stdout.isatty():
        prompt_for_publish(str(done[0].path))


def run_componentize_py(
    skill_module: str, output_file: str, unstable: bool, skill_type: SkillType, source_paths: list[str]
) -> str:
    """Build one skill the way SDKs up to 0.20 did; raises :class:`~pharia_skill.errors.BuildError`."""
    paths = [Path(path) for path in source_paths]
    built = build_component(skill_module, output_file, kind=skill_type, source_paths=paths, unstable=unstable)
    return str(built.path)


def _build(
    name: str,
    output: Path | None,
    wit: Wit,
    kind: SkillType | None,
    source_paths: list[Path],
    unstable: bool,
    force: bool,
    status: Status,
) -> Built:
    return build_component(
        name,
        output,
        wit=wit.value,
        kind=kind,
        source_paths=source_paths,
        unstable=unstable,
        force=force,
        tell=lambda what: status.update(f"Building {name}: {what}"),
    )


def _stem(name: str) -> str:
    place, colon, function = name.rpartition(":")
    if colon and len(place) > 1:
        return function
    return Path(name).stem if name.endswith(".py") else name.rpartition(".")[2]


def _report(console: Console, built: Built) -> None:
    how = "unchanged" if built.unchanged else "from the build cache" if built.from_cache else ""
    what = how or f"built in {built.seconds:.1f} s"
    console.print(f"{built.path}: {built.kind.value}, {built.size / _MIB:.1f} MiB, {what}", highlight=False)
    for warning in built.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"))
