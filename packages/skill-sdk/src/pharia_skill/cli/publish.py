"""``pharia-skill publish``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.prompt import Prompt

from pharia_skill.cli.destination import Destination, Wishes, asked, destination, read_environment, warnings_shown
from pharia_skill.cli.panels import bytes_text, facts, failed
from pharia_skill.cli.publishing import Manner, name_of, publish_file
from pharia_skill.errors import PhariaSkillError, RegistryError
from pharia_skill.registry import Outcome, Published
from pharia_skill.registry.component_file import component_path
from pharia_skill.registry.image import source_date
from pharia_skill.registry.reference import DEFAULT_TAG
from pharia_skill.registry.settings import transport_for


def publish(
    skill: Annotated[str, typer.Argument(help="The component (`.wasm` may be left out), or a Lua package's `.zip`")],
    name: Annotated[str | None, typer.Option("--name", "-n", help="Name of the skill (default: the file's)")] = None,
    tag: Annotated[str, typer.Option("--tag", "-t", help="Version or label")] = DEFAULT_TAG,
    registry: Annotated[
        str | None, typer.Option("--registry", "-R", help="Host of the registry (or SKILL_REGISTRY)")
    ] = None,
    repository: Annotated[
        str | None, typer.Option("--repository", "-r", help="Folder in the registry (or SKILL_REPOSITORY)")
    ] = None,
    username: Annotated[
        str | None, typer.Option("--username", "-u", help="Or SKILL_REGISTRY_USER, or what `docker login` keeps")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", "-p", help="Or SKILL_REGISTRY_TOKEN; - reads it from standard input")
    ] = None,
    interactive: Annotated[bool, typer.Option(help="Ask for what is not given")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all with the registry and write nothing")] = False,
    overwrite: Annotated[bool, typer.Option(help="Whether the tag may be taken from another skill")] = True,
    annotation: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Kept beside the skill; may be repeated")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM file with the certificates to trust (or SSL_CERT_FILE)")
    ] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Allow http to other machines than this")] = False,
) -> None:
    """Publish a component, or a Lua package, to an OCI registry.

    What the registry has is not sent again. A tag that stands for another skill is moved, and that is said.
    """
    began = time.monotonic()
    errors = Console(stderr=True)
    wishes = Wishes(registry, repository, username, token)
    try:
        with warnings_shown(errors):
            environ = read_environment()
            if interactive:
                wishes, name, tag = _ask(skill, wishes, name, tag, environ, errors)
            to = destination(wishes, environ)
            path = component_path(skill)
            manner = Manner(
                transport_for(environ, ca_file, plain_http),
                _annotations(annotation or []),
                source_date(environ),
                overwrite,
                dry_run,
            )
            name = name or name_of(path)
            published = publish_file(path, name, tag, to, manner, errors)
    except PhariaSkillError as error:
        errors.print(failed(f"Publish failed ({error.code})", str(error)))
        raise typer.Exit(1) from None
    except (KeyboardInterrupt, EOFError):
        errors.print("Interrupted; nothing was published.")
        raise typer.Exit(130) from None
    _report(published, name, to, time.monotonic() - began, dry_run)


def publish_skill(skill_path: str, name: str | None, tag: str) -> None:
    """Publish to where the environment says, as SDKs up to 0.20 did; raises ``typer.Exit`` after a failure."""
    publish(skill_path, name=name, tag=tag)


def _ask(
    skill: str, wishes: Wishes, name: str | None, tag: str, environ: dict[str, str], console: Console
) -> tuple[Wishes, str, str]:
    path = component_path(skill)
    wishes = asked(wishes, environ, console)
    chosen: str = Prompt.ask("Name", default=name_of(path), console=console) if name is None else name
    return wishes, chosen, Prompt.ask("Tag", default=tag, console=console)


def _annotations(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair or pair.startswith("="):
            raise RegistryError(f"--annotation `{pair}` is not of the form KEY=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def _report(published: Published, name: str, to: Destination, seconds: float, dry_run: bool) -> None:
    reference = published.reference
    lines = {
        "Skill": name,
        "Tag": reference.tag or "",
        "Registry": "/".join(filter(None, [reference.address.host, to.repository.strip("/")])),
        "Size": bytes_text(published.size),
    }
    if published.outcome is Outcome.UNCHANGED:
        lines["Sent"] = "nothing, the tag stands for exactly this already"
    else:
        lines["Missing" if dry_run else "Sent"] = bytes_text(published.sent)
    if published.outcome is Outcome.REPLACED and published.before:
        lines["Would replace" if dry_run else "Replaced"] = published.before
    lines["Checked in" if dry_run else "Published in"] = f"{seconds:.2f} seconds"
    title = "Dry Run: nothing was written" if dry_run else "Publish Successful"
    Console().print(facts(title, lines))
    typer.echo(f"{reference.address.host}/{reference.repository}@{published.digest}")
