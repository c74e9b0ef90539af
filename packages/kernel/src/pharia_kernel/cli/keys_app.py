"""``pharia-kernel keys new``, ``list`` and ``revoke``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pharia_kernel.cli.keys import keys_file, make_key, revoke_key, show_keys
from pharia_kernel.config import Settings
from pharia_kernel.config.units import parse_duration
from pharia_kernel.errors import ConfigError
from pharia_kernel.types import Action

FileOption = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Default: access.keys-file.")]
Names = Annotated[str, typer.Argument(metavar="NAME", help="Who uses it, for people.")]


def keys_app(
    settings: Callable[[Path | None], Settings], failures: Callable[[], AbstractContextManager[None]]
) -> typer.Typer:
    """``settings`` reads them, ``failures`` shows errors."""
    app = typer.Typer(help="API keys of callers (access.mode = keys).", no_args_is_help=True)

    def file_of(context: typer.Context, file: Path | None) -> Path:
        return file or keys_file(settings(context.obj[0]))

    @app.command()
    def new(
        context: typer.Context,
        name: Names,
        namespace: Annotated[
            list[str], typer.Option("--namespace", "-n", help="One it is for; may be repeated; * for all.")
        ],
        action: Annotated[
            list[Action] | None, typer.Option("--action", "-a", help="What it allows; default: run and csi.")
        ] = None,
        expires: Annotated[str | None, typer.Option("--expires", metavar="90d", help="How long it is valid.")] = None,
        file: FileOption = None,
    ) -> None:
        """Make a key and print it, once: it is stored nowhere."""
        with failures():
            try:
                seconds = None if expires is None else parse_duration(expires)
            except ValueError as error:
                raise ConfigError(f"--expires: {error}") from None
            path = file_of(context, file)
            key, token = make_key(path, name, namespace, action or [Action.RUN, Action.CSI], seconds)
            typer.echo(f"Key {key.id} is in {path}. Its holder sends `Authorization: Bearer` and this:", err=True)
            typer.echo(token)

    @app.command("list")
    def show(context: typer.Context, file: FileOption = None) -> None:
        """Show the keys there are."""
        with failures():
            show_keys(file_of(context, file), Console())

    @app.command()
    def revoke(
        context: typer.Context,
        id: Annotated[str, typer.Argument(metavar="ID", help="What `list` shows.")],
        file: FileOption = None,
    ) -> None:
        """Remove a key; running kernels notice within seconds."""
        with failures():
            key = revoke_key(file_of(context, file), id)
            typer.echo(f"Key {key.id} ({key.name}) is revoked.", err=True)

    return app
