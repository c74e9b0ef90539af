"""The command ``pharia-skill``: one module a command, put together here."""

from __future__ import annotations

import typer

from pharia_skill.cli.build import build
from pharia_skill.cli.dev import dev
from pharia_skill.cli.inspect import inspect
from pharia_skill.cli.new import new
from pharia_skill.cli.publish import publish
from pharia_skill.cli.run import run

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Write AI skills as Python functions, build them as WebAssembly components."""


app.command()(build)
app.command("new")(new)
app.command("run")(run)
app.command("dev")(dev)
app.command("publish")(publish)
app.command("inspect")(inspect)
