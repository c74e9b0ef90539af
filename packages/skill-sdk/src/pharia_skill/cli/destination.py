"""Where a skill is published and as whom: options, environment and, if wanted, questions."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.console import Console
from rich.prompt import Prompt

from pharia_skill.errors import SettingMissing
from pharia_skill.registry import Address, Credentials, Reference
from pharia_skill.registry.credentials import TOKEN, USER
from pharia_skill.registry.settings import REGISTRY, REPOSITORY, environment, find_credentials, setting


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line said; ``None`` where it said nothing."""

    registry: str | None = None
    repository: str | None = None
    user: str | None = None
    token: str | None = None
    """``-`` stands for a line of standard input."""


@dataclass(frozen=True, slots=True)
class Destination:
    registry: str
    repository: str
    credentials: Credentials | None

    def reference(self, name: str, tag: str) -> Reference:
        return Reference.of(self.registry, self.repository, name, tag)


def destination(wishes: Wishes, environ: Mapping[str, str]) -> Destination:
    """Raises :class:`~pharia_skill.errors.SettingMissing` that names every variable there is nothing for."""
    registry = wishes.registry or setting(environ, REGISTRY)
    repository = wishes.repository if wishes.repository is not None else setting(environ, REPOSITORY)
    if not registry or repository is None:
        raise SettingMissing(_missing(wishes, environ))
    credentials = find_credentials(
        environ, Address.parse(registry).host, Path.home(), wishes.user, read_token(wishes.token)
    )
    return Destination(registry, repository, credentials)


def asked(wishes: Wishes, environ: Mapping[str, str], console: Console) -> Wishes:
    """Ask for what neither the command line nor the environment says; the token is not shown."""
    registry = wishes.registry or setting(environ, REGISTRY) or Prompt.ask("Registry", console=console)
    repository = wishes.repository if wishes.repository is not None else setting(environ, REPOSITORY)
    if repository is None:
        repository = Prompt.ask("Repository (may be empty)", default="", show_default=False, console=console)
    wishes = replace(wishes, registry=registry, repository=repository)
    user = wishes.user or setting(environ, USER)
    token = wishes.token or setting(environ, TOKEN)
    if not (user or token) and find_credentials(environ, Address.parse(registry).host, Path.home()) is not None:
        return wishes
    user = user or Prompt.ask("User (empty for none)", default="", show_default=False, console=console)
    if user and not token:
        token = typer.prompt("Token", hide_input=True, err=True)
    return replace(wishes, user=user or None, token=token)


def read_environment() -> dict[str, str]:
    return environment(os.environ, Path.cwd())


@contextmanager
def warnings_shown(console: Console) -> Iterator[None]:
    """One line each, instead of a line of source code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FutureWarning)
        try:
            yield
        finally:
            for text in dict.fromkeys(str(each.message) for each in caught if each.category is FutureWarning):
                console.print(text, style="yellow", highlight=False, markup=False)


def read_token(wish: str | None) -> str | None:
    """``-`` reads a line of standard input."""
    if wish != "-":
        return wish
    token = sys.stdin.readline().strip()
    if not token:
        raise SettingMissing(f"--token - reads the token from standard input, which is empty (or set {TOKEN})")
    return token


def _missing(wishes: Wishes, environ: Mapping[str, str]) -> str:
    given = {USER: wishes.user, TOKEN: wishes.token, REGISTRY: wishes.registry, REPOSITORY: wishes.repository}
    ways = {
        USER: "--username, or nothing after `docker login`",
        TOKEN: "--token -, or nothing after `docker login`",
        REGISTRY: "--registry",
        REPOSITORY: "--repository",
    }
    return "\n".join(
        f"The environment variable '{name}' is not set. (or: {ways[name]})"
        for name, wish in given.items()
        if wish is None and not setting(environ, name)
    )
