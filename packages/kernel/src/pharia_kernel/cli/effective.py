"""Effective settings as TOML, with the source of every value beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pharia_kernel.config import Settings
from pharia_kernel.config.loading import shown
from pharia_kernel.config.tables import Table


def effective_toml(settings: Settings) -> str:
    """Reads back as a file of the same meaning, apart from the secrets."""
    lines: list[tuple[str, str]] = []
    table = ""
    for key, value in sorted(settings.effective().items(), key=lambda item: "." in item[0]):
        here, _, name = key.rpartition(".")
        if here != table:
            table = here
            lines += [("", ""), (f"[{table}]", "")]
        source = settings.origins.get(key) or _of_members(key, settings.origins)
        text = f"# {name}" if value is None else f"{name} = {_toml(tuple(key.split('.')), value)}"
        lines.append((text, f"# {source}"))
    width = max(len(text) for text, source in lines if source)
    return "".join(f"{text:<{width}}  {source}".rstrip() + "\n" for text, source in lines)


def _of_members(key: str, origins: Mapping[str, str]) -> str:
    """Of a table that is one value, such as aliases."""
    return next((origin for at, origin in origins.items() if at.startswith(f"{key}.")), "default")


def _toml(path: tuple[str, ...], value: Any) -> str:
    if isinstance(value, SecretStr):
        return '"***"' if value.get_secret_value() else '""'
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(name)} = {_toml((*path, name), inner)}" for name, inner in value.items())
            + "}"
        )
    if isinstance(value, Table):
        members = [(name, inner) for name, inner in _members(value) if inner is not None]
        return "{ " + ", ".join(f"{name} = {_toml((*path, name), inner)}" for name, inner in members) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(path, one) for one in value) + "]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Enum):
        return json.dumps(value.value)
    return json.dumps(shown(path, value)[1:-1] if isinstance(value, Path | str) else str(value), ensure_ascii=False)


def _members(table: Table) -> list[tuple[str, Any]]:
    return [(info.alias or name, getattr(table, name)) for name, info in type(table).model_fields.items()]
