"""Where settings are written: one TOML file, ``.env``, the environment, the command line. All become flat entries."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from pharia_kernel.errors import ConfigError

SEPARATOR = "__"


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as it was written; ``repr`` leaves the value out because it may be a secret."""

    path: tuple[str, ...]
    """Kebab-case keys from the outermost table to the value."""
    value: Any = field(repr=False)
    origin: str
    """``config.toml``, ``environment LOG_LEVEL``, ``.env LOG_LEVEL`` or ``--address``."""
    guessed: bool = False
    """From the environment, which is full of variables that are meant for others."""

    @property
    def key(self) -> str:
        return ".".join(self.path)


def file_entries(file: Path) -> list[Entry]:
    """Raises :class:`ConfigError` if the file can not be read or is not TOML."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: can not be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: is not a TOML file: {error}") from error
    return list(_leaves(table, (), str(file)))


def environment_entries(environ: Mapping[str, str], source: str = "environment") -> list[Entry]:
    """``NAMESPACES__MY_TEAM__DIRECTORY`` is ``namespaces.my-team.directory``."""
    return [
        Entry(tuple(part.lower().replace("_", "-") for part in name.split(SEPARATOR)), value, f"{source} {name}", True)
        for name, value in environ.items()
        if name.isupper() and not name.startswith("_")
    ]


def dotenv_variables(directory: Path) -> tuple[str, dict[str, str]]:
    """The first ``.env`` in ``directory`` or a parent of it, and what is in it; values are taken as written."""
    for folder in (directory, *directory.parents):
        file = folder / ".env"
        if not file.is_file():
            continue
        try:
            values = dotenv_values(file, interpolate=False)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{file}: can not be read: {error}") from error
        return str(file), {name: value for name, value in values.items() if value is not None}
    return "", {}


def dotenv_entries(directory: Path) -> list[Entry]:
    file, variables = dotenv_variables(directory)
    return environment_entries(variables, file)


def secret_entry(entry: Entry, secret: tuple[str, ...]) -> Entry:
    """What is in the file that the entry names, without white space around it; raises :class:`ConfigError`."""
    place = f'{entry.key} = "{entry.value}" ({entry.origin})'
    try:
        text = Path(str(entry.value)).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(f"{place}: the file with the secret can not be read: {reason}") from None
    if not text:
        raise ConfigError(f"{place}: the file with the secret is empty")
    return Entry(secret, text, entry.origin)


def variable(path: Iterable[str]) -> str:
    """Name of the environment variable of a key."""
    return SEPARATOR.join(part.upper().replace("-", "_") for part in path)


def _leaves(table: Mapping[str, Any], path: tuple[str, ...], origin: str) -> Iterable[Entry]:
    for name, value in table.items():
        here = (*path, name)
        if isinstance(value, dict) and value:
            yield from _leaves(value, here, origin)
        else:
            yield Entry(here, value, origin)
