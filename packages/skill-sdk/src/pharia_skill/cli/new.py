"""``pharia-skill new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharia_skill.dev.template import Template, create_project
from pharia_skill.errors import PhariaSkillError


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the skill and of the folder to make")],
    stream: Annotated[bool, typer.Option("--stream", help="A skill that writes its answer piece by piece")] = False,
    agent: Annotated[bool, typer.Option("--agent", help="A skill that holds a conversation")] = False,
    directory: Annotated[Path, typer.Option(help="Where the folder is made")] = Path(),
) -> None:
    """Make a project: a skill, a test that passes, and how to go on."""
    if stream and agent:
        raise typer.BadParameter("--stream and --agent exclude each other")
    template = Template.AGENT if agent else Template.STREAM if stream else Template.SKILL
    try:
        folder = create_project(name, template, directory)
    except PhariaSkillError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    module = next(folder.glob("test_*.py")).name.removeprefix("test_")
    typer.echo(f"{folder} is ready. Try it:\n\n  cd {folder}\n  pytest\n  pharia-skill dev {module}\n")
