"""``pharia-skill inspect``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pharia_skill.cli.destination import read_environment, read_token, warnings_shown
from pharia_skill.cli.inspection import Inspection
from pharia_skill.cli.panels import failed, transfer
from pharia_skill.errors import NotAComponent, PhariaSkillError
from pharia_skill.registry import Credentials, Reference, RegistryClient, Transport, pull_skill
from pharia_skill.registry.component_file import component_path, read_component
from pharia_skill.registry.reference import names_registry
from pharia_skill.registry.settings import REGISTRY, known_credentials, reference_for, setting, transport_for

_COLUMN = 12


def inspect(
    skill: Annotated[
        str, typer.Argument(metavar="FILE|REFERENCE", help="haiku.wasm, or registry.example.com/team/haiku:latest")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs")] = False,
    save: Annotated[Path | None, typer.Option(help="Keep what came from a registry in this file")] = None,
    username: Annotated[str | None, typer.Option("--username", "-u", help="Who asks the registry")] = None,
    token: Annotated[str | None, typer.Option("--token", "-p", help="- reads it from standard input")] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM file with the certificates to trust (or SSL_CERT_FILE)")
    ] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Allow http to other machines than this")] = False,
) -> None:
    """Tell what a component is: kind, interface, imports, sizes, who built it.

    It may lie in a file or in a registry. With SKILL_REGISTRY and SKILL_REPOSITORY set, `haiku:latest` is enough.
    """
    errors = Console(stderr=True)
    try:
        with warnings_shown(errors):
            environ = read_environment()
            path = _file(skill, environ)
            if path is not None:
                inspection = Inspection.of(str(path), *read_component(path))
            else:
                reference = reference_for(skill, environ)
                host = reference.address.host
                credentials = known_credentials(environ, host, Path.home(), username, read_token(token))
                transport = transport_for(environ, ca_file, plain_http)
                inspection = _pulled(reference, credentials, transport, save, errors)
    except PhariaSkillError as error:
        errors.print(failed(f"Inspect failed ({error.code})", str(error)))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps(inspection.to_json(), indent=2, ensure_ascii=False))
    else:
        _print(inspection)


def _file(text: str, environ: dict[str, str]) -> Path | None:
    """``None`` for what can only be a reference."""
    try:
        return component_path(text)
    except NotAComponent:
        short = setting(environ, REGISTRY) and not text.startswith((".", "/"))
        if not text.endswith(".wasm") and (names_registry(text) or short):
            return None
        raise


def _pulled(
    reference: Reference, credentials: Credentials | None, transport: Transport, save: Path | None, errors: Console
) -> Inspection:
    with (
        tempfile.TemporaryDirectory(prefix="pharia-skill-") as scratch,
        RegistryClient(reference, credentials, transport=transport) as client,
        transfer(errors, f"Reading {reference}") as bar,
    ):
        task = bar.add_task("", total=None)
        pulled = pull_skill(
            client,
            save or Path(scratch) / "skill.wasm",
            lambda done, total: bar.update(task, completed=done, total=total),
        )
        return Inspection.of(str(reference), *read_component(pulled.path), image=pulled.digest)


def _print(inspection: Inspection) -> None:
    typer.echo(inspection.name)
    for name, lines in inspection.lines().items():
        for number, line in enumerate(lines):
            typer.echo(f"  {'' if number else name:<{_COLUMN}}{line}")
