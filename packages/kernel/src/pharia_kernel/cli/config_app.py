"""``pharia-kernel config`` and ``pharia-kernel config check``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from pharia_kernel.cli.effective import effective_toml
from pharia_kernel.config import Settings
from pharia_kernel.errors import ConfigError

ReadSettings = Callable[[Path | None, str | None], Settings]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings; default: config.toml, if there is one.")
]
AddressOption = Annotated[
    str | None, typer.Option("--address", metavar="IP:PORT", help="Where to listen, instead of kernel-address.")
]


def config_app(read: ReadSettings, failures: Callable[[], AbstractContextManager[None]]) -> typer.Typer:
    """``read`` takes a file and an address; ``failures`` shows errors."""
    app = typer.Typer(help="Show the effective settings and where each came from; secrets are masked.")

    @app.callback(invoke_without_command=True)
    def show(context: typer.Context, config: ConfigOption = None, address: AddressOption = None) -> None:
        before = context.obj
        context.obj = (config or before[0], address or before[1], *before[2:])
        if context.invoked_subcommand is not None:
            return
        with failures():
            settings = read(*context.obj[:2])
            typer.echo(effective_toml(settings), nl=False)
            _warn(settings)

    @app.command()
    def check(
        context: typer.Context,
        config: ConfigOption = None,
        address: AddressOption = None,
        online: Annotated[
            bool, typer.Option("--online", help="Also ask descriptions, registries and services whether they answer.")
        ] = False,
    ) -> None:
        """Show everything that is wrong with the settings; the exit status is 0 only if nothing is."""
        from pharia_kernel.cli.config_check import problems_of, problems_online  # loads the whole engine

        try:
            settings = read(config or context.obj[0], address or context.obj[1])
            problems = problems_of(settings)
            _warn(settings)
        except ConfigError as error:
            problems, online = str(error).splitlines(), False
        if online:
            problems += [problem for problem in asyncio.run(problems_online(settings)) if problem not in problems]
        for problem in problems:
            typer.echo(f"Problem: {problem}", err=True)
        if problems:
            typer.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
            raise typer.Exit(1)
        typer.echo(f"Nothing is wrong with the settings ({_summary(settings)})")

    return app


def _warn(settings: Settings) -> None:
    for warning in settings.warnings:
        typer.echo(f"Warning: {warning}", err=True)


def _summary(settings: Settings) -> str:
    names = sorted(settings.namespaces)
    return f"namespaces: {', '.join(names)}" if names else "no namespaces"
