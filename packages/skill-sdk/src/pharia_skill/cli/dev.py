"""``pharia-skill dev``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pharia_skill.builder import DEFAULT_WIT
from pharia_skill.builder.target import Target, find_target
from pharia_skill.cli.build import Wit
from pharia_skill.dev.session import Place, Session
from pharia_skill.errors import CommandError, PhariaSkillError

_DEFAULT_WIT = Wit(DEFAULT_WIT)
_EDIT = "Edit and call again; Ctrl-C ends it."


def dev(
    skills: Annotated[
        list[str], typer.Argument(metavar="SKILL...", help="Python files or modules: haiku.py, poems.py:haiku")
    ],
    port: Annotated[int, typer.Option(help="Where to listen on this machine; 0 takes any port that is free")] = 8081,
    directory: Annotated[
        Path | None, typer.Option(help="Folder a kernel that runs already watches; no kernel is started")
    ] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Run the skills in this process, without a sandbox, for a debugger")
    ] = False,
    kernel: Annotated[
        str | None,
        typer.Option(
            help="URL of a kernel that runs: with --directory the one that watches it, with --native the one to ask"
        ),
    ] = None,
    stub: Annotated[bool, typer.Option("--stub", help="With --native: ask no kernel, a stand-in answers")] = False,
    source_path: Annotated[
        list[Path] | None, typer.Option("--source-path", "-p", help="More folders to import from; may be repeated")
    ] = None,
    namespace: Annotated[str, typer.Option(help="Part of the URL; whose tools the skills may call")] = "dev",
    wit: Annotated[Wit, typer.Option(help="Interface line")] = _DEFAULT_WIT,
) -> None:
    """Serve skills from their source over the kernel's HTTP interface: the next call shows an edit, without a build."""
    for number in (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")):
        if number is not None:
            signal.signal(number, signal.default_int_handler)
    paths = source_path or []
    try:
        if not native and (stub or (kernel is not None and directory is None)):
            raise CommandError("--stub and --kernel go with --native: in the sandbox the kernel itself answers")
        targets = [find_target(text, paths) for text in skills]
        if native:
            _serve_natively(targets, Place(namespace, port, url=kernel), paths, stub=stub)
        else:
            place = Place(namespace, port, directory, kernel)
            with Session(targets, place, wit=wit.value, source_paths=paths, say=typer.echo) as session:
                session.introduce()
                typer.echo(_EDIT)
                session.follow(threading.Event())
    except PhariaSkillError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped")


def _serve_natively(targets: Sequence[Target], place: Place, source_paths: Sequence[Path], *, stub: bool) -> None:
    from pharia_skill.dev.csi import csi_for
    from pharia_skill.dev.native.live import LiveSkill
    from pharia_skill.dev.native.server import NativeServer

    skills = {each.name: LiveSkill(each, source_paths) for each in targets}
    namespace = place.namespace
    with (
        csi_for(place.url, stub=stub, namespace=namespace) as csi,
        NativeServer(place.port, skills, csi, namespace) as server,
    ):
        for line in server.introduction():
            typer.echo(line)
        typer.echo(_EDIT)
        server.serve_forever(poll_interval=0.1)
