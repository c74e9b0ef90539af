"""Making, showing and revoking API keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pharia_kernel.access.keys import Key, edited, new_key, read_keys
from pharia_kernel.config import Settings
from pharia_kernel.errors import ConfigError, InvalidNamespace
from pharia_kernel.types import ANY_NAMESPACE, Action, check_namespace

_LONGEST_NAME = 100


def keys_file(settings: Settings) -> Path:
    """Raises :class:`ConfigError` if no file is known."""
    file = settings.access.keys_file
    if file is None:
        raise ConfigError("which file has the API keys? Set ACCESS__KEYS_FILE, or give it with --file")
    return file


def make_key(
    file: Path,
    name: str,
    namespaces: Sequence[str],
    actions: Sequence[Action],
    seconds: float | None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Key, str]:
    """Add a key that lasts so many seconds and give it with its token; raises :class:`ConfigError`."""
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ConfigError(f"the name of a key is 1 to {_LONGEST_NAME} printable characters long")
    for namespace in namespaces:
        try:
            if namespace != ANY_NAMESPACE:
                check_namespace(namespace)
        except InvalidNamespace as error:
            raise ConfigError(str(error)) from None
    created = now().replace(microsecond=0)
    expires = None if seconds is None else created + timedelta(seconds=seconds)
    key, token = new_key(name, namespaces, actions, created, expires)
    edited(file, lambda keys: (*keys, key))
    return key, token


def revoke_key(file: Path, id: str) -> Key:
    """Remove a key; raises :class:`ConfigError` if there is none with the id."""
    removed: list[Key] = []

    def without(keys: tuple[Key, ...]) -> list[Key]:
        removed.extend(key for key in keys if key.id == id)
        if not removed:
            raise ConfigError(f"API keys {file}: there is no key {id} (pharia-kernel keys list shows them)")
        return [key for key in keys if key.id != id]

    edited(file, without)
    return removed[0]


def show_keys(file: Path, console: Console, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    table = Table("id", "name", "namespaces", "actions", "created", "expires")
    for key in read_keys(file):
        table.add_row(
            key.id,
            Text(key.name),
            ", ".join(key.namespaces),
            ", ".join(action.value for action in key.actions),
            f"{key.created:%Y-%m-%d}",
            _expiry(key, now()),
        )
    console.print(table)


def _expiry(key: Key, now: datetime) -> str:
    if key.expires is None:
        return "never"
    return f"{key.expires:%Y-%m-%d %H:%M}" + (" (expired)" if key.expires <= now else "")
