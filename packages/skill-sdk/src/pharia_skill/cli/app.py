"""The command ``pharia-skill``: one module a command, put together here."""

from __future__ import annotations

import typer

from pharia_skill.cli.build import build

app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Write AI skills as Python functions, build them as WebAssembly components."""


app.command()(build)
