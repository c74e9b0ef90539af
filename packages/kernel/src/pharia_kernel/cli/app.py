"""What can be typed: ``pharia-kernel``, ``pharia-kernel serve``, ``run``, ``config check`` and ``fetch-model``."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pharia_kernel.cli.channel import WatcherChannel
from pharia_kernel.cli.config_app import config_app
from pharia_kernel.cli.documents_app import documents_app
from pharia_kernel.cli.keys_app import keys_app
from pharia_kernel.cli.model import fetch_model
from pharia_kernel.cli.peers.hub import Shared
from pharia_kernel.cli.run import run_skill
from pharia_kernel.cli.serve import serve_as_worker, serve_until_stopped
from pharia_kernel.cli.workers import serve_with_workers
from pharia_kernel.composition.telemetry import logs, secrets
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.exposure import check_exposure
from pharia_kernel.config.loading import export_dotenv
from pharia_kernel.config.units import parse_address
from pharia_kernel.errors import KernelError, RequestError
from pharia_kernel.telemetry.redaction import Redaction
from pharia_kernel.types import SkillPath

app = typer.Typer(
    name="pharia-kernel",
    help="Serve AI skills over HTTP, each call in its own sandbox. Without a command: serve.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings; default: config.toml, if there is one.")
]
AddressOption = Annotated[
    str | None, typer.Option("--address", metavar="IP:PORT", help="Where to listen, instead of kernel-address.")
]
WorkersOption = Annotated[int | None, typer.Option("--workers", metavar="N", help="Processes that serve.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pharia-kernel {version('pharia-kernel')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    config: ConfigOption = None,
    address: AddressOption = None,
    workers: WorkersOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    context.obj = (config, address, workers)
    if context.invoked_subcommand is None:
        _serve(config, address, workers)


@app.command()
def serve(
    context: typer.Context,
    config: ConfigOption = None,
    address: AddressOption = None,
    workers: WorkersOption = None,
) -> None:
    """Serve skills over HTTP until SIGINT or SIGTERM; a second signal ends the process at once."""
    before = context.obj
    _serve(config or before[0], address or before[1], workers or before[2])


@app.command()
def run(
    context: typer.Context,
    skill: Annotated[str, typer.Argument(metavar="NAMESPACE/SKILL", help="Which one.")],
    input: Annotated[str, typer.Argument(metavar="JSON", help="Input of the skill; - reads standard input.")] = "null",
    stream: Annotated[
        bool, typer.Option("--stream", help="Call it as a message stream; found out without this option.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Run one skill without a server and print its answer as JSON, or one line of JSON per event."""
    with _failures():
        settings = _settings(config or context.obj[0], None)
        try:
            path = SkillPath.parse(skill)
        except RequestError as error:
            raise typer.BadParameter(str(error), param_hint="NAMESPACE/SKILL") from None
        body = sys.stdin.buffer.read() if input == "-" else input.encode("utf-8", "surrogateescape")
        with logs(settings, sys.stderr, _quieter(settings)):
            _run(run_skill(settings, path, body, stream=stream, out=sys.stdout.buffer))


@app.command("fetch-model")
def fetch(context: typer.Context, config: ConfigOption = None) -> None:
    """Fetch the embedded model now instead of at the first start; later starts need no network."""
    with _failures():
        fetch_model(_settings(config or context.obj[0], None), Console(stderr=True))


@app.command(hidden=True)
def worker(
    context: typer.Context,
    listener: int,
    channel: int,
    shared: Annotated[str, typer.Option()],
) -> None:
    """Serve on an open socket, for the process that watches at the other end of the channel."""
    with _failures():
        settings = _settings(*context.obj)
        with logs(settings, sys.stderr) as redacted:
            watcher = WatcherChannel(socket.socket(fileno=channel))
            read = partial(_again, redacted, *context.obj)
            _run(serve_as_worker(settings, read, socket.socket(fileno=listener), watcher, Shared.parse(shared)))


def _serve(config: Path | None, address: str | None, workers: int | None) -> None:
    with _failures():
        settings = _settings(config, address, workers)
        check_exposure(parse_address(settings.kernel_address)[0], settings)
        with logs(settings, sys.stderr) as redacted:
            if settings.workers == 1:
                read = partial(_again, redacted, config, address, workers)
                _run(serve_until_stopped(settings, read, say=lambda text: typer.echo(text)))
            else:
                options = {"--config": config, "--address": address, "--workers": workers}
                given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
                _run(serve_with_workers(settings, given, say=lambda text: typer.echo(text)))


def _settings(config: Path | None, address: str | None, workers: int | None = None) -> Settings:
    given = {"kernel-address": (address, "--address"), "workers": (workers, "--workers")}
    overrides = {key: (str(value), option) for key, (value, option) in given.items() if value is not None}
    settings = load_settings(config, overrides=overrides)
    export_dotenv(os.environ)
    return settings


def _again(redacted: Redaction, config: Path | None, address: str | None, workers: int | None = None) -> Settings:
    """The settings of now; their secrets are masked before anybody can name them."""
    settings = _settings(config, address, workers)
    redacted.learn(secrets(settings))
    return settings


def _quieter(settings: Settings) -> str:
    """One call on a terminal shows what the skill prints, and otherwise only trouble."""
    return settings.log_level if "log-level" in settings.origins else "warn,pharia_kernel.skill=info"


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On the fast event loop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(work)
    os.environ.setdefault("UV_THREADPOOL_SIZE", "1")  # it looks up names, of backends mostly
    import uvloop  # no wheel for Windows

    return uvloop.run(work)


@contextmanager
def _failures() -> Iterator[None]:
    """One text on standard error and exit code 1 instead of a traceback."""
    try:
        yield
    except KernelError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(130) from None


app.add_typer(config_app(_settings, _failures), name="config")
app.add_typer(keys_app(lambda config: _settings(config, None), _failures), name="keys")
app.add_typer(documents_app(lambda config: _settings(config, None), _run, _failures), name="documents")
