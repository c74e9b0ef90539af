"""``pharia-skill run``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pharia_skill.builder.target import find_target
from pharia_skill.cli.input import read_input
from pharia_skill.dev.csi import csi_for
from pharia_skill.dev.native.events import EventWriter
from pharia_skill.dev.native.skill import load_native
from pharia_skill.dev.program import kernel_program
from pharia_skill.errors import CommandError, PhariaSkillError

_NAMESPACE = "dev"


def run(
    skill: Annotated[str, typer.Argument(metavar="SKILL", help="Python file or module, or a built .wasm")],
    input: Annotated[str, typer.Argument(metavar="JSON", help="Input; - reads standard input, @FILE a file")] = "null",
    kernel: Annotated[
        str | None, typer.Option(help="URL of the kernel to ask, instead of PHARIA_KERNEL_ADDRESS or one of its own")
    ] = None,
    stub: Annotated[bool, typer.Option("--stub", help="Ask no kernel: a stand-in repeats the prompt")] = False,
    namespace: Annotated[str, typer.Option(help="Whose tools the skill may call")] = _NAMESPACE,
    source_path: Annotated[
        list[Path] | None, typer.Option("--source-path", "-p", help="More folders to import from; may be repeated")
    ] = None,
) -> None:
    """Call a skill once: its source in plain Python, or a built component in the kernel's sandbox.

    Prints the answer as JSON, or one line of JSON per event of a message stream.
    """
    try:
        data = read_input(input)
        if skill.endswith(".wasm"):
            if kernel is not None or stub:
                raise CommandError(
                    "a built component runs in a kernel of its own: leave --kernel and --stub away (or copy it into a "
                    "folder that the kernel watches, and call it over HTTP)"
                )
            raise typer.Exit(_run_component(Path(skill), data))
        _run_source(skill, data, kernel=kernel, stub=stub, namespace=namespace, source_paths=source_path or [])
    except PhariaSkillError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _run_source(
    skill: str, data: bytes, *, kernel: str | None, stub: bool, namespace: str, source_paths: list[Path]
) -> None:
    target = find_target(skill, source_paths)
    sys.path[:0] = [str(path.resolve()) for path in source_paths]
    native = load_native(target)
    with csi_for(kernel, stub=stub, namespace=namespace) as csi:
        if native.output is None:
            native.stream(csi, EventWriter(_print_event), data)
        else:
            typer.echo(native.run(csi, data))


def _print_event(name: str, data: str) -> None:
    typer.echo(f'{{"event":"{name}","data":{data}}}')


def _run_component(path: Path, data: bytes) -> int:
    """The exit status of ``pharia-kernel run``, which prints the answer itself."""
    if not path.is_file():
        raise CommandError(f"there is no file {path} (pharia-skill build makes it)")
    program = kernel_program()
    with tempfile.TemporaryDirectory(prefix="pharia-run-") as folder:
        _put(path.resolve(), Path(folder, path.name))
        command = [program, "run", f"{_NAMESPACE}/{path.stem}", "-"]
        return subprocess.run(command, input=data, env=_environment(folder), check=False).returncode


def _put(path: Path, place: Path) -> None:
    """A link where the system has them: a component is large."""
    try:
        place.symlink_to(path)
    except OSError:
        shutil.copyfile(path, place)


def _environment(folder: str) -> dict[str, str]:
    return {**os.environ, f"NAMESPACES__{_NAMESPACE.upper()}__DIRECTORY": folder}
