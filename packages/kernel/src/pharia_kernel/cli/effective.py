"""Effective settings as TOML, with the source of every value beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pharia_kernel.config import Settings
from pharia_kernel.config.loading import shown


def effective_toml(settings: Settings) -> str:
    """Reads back as a file of the same meaning, apart from the secrets."""
    lines: list[tuple[str, str]] = []
    table = ""
    for key, value in sorted(settings.effective().items(), key=lambda item: "." in item[0]):
        here, _, name = key.rpartition(".")
        if here != table:
            table = here
            lines += [("", ""), (f"[{table}]", "")]
        source = settings.origins.get(key, "default")
        text = f"# {name}" if value is None else f"{name} = {_toml(tuple(key.split('.')), value)}"
        lines.append((text, f"# {source}"))
    width = max(len(text) for text, source in lines if source)
    return "".join(f"{text:<{width}}  {source}".rstrip() + "\n" for text, source in lines)


def _toml(path: tuple[str, ...], value: Any) -> str:
    if isinstance(value, SecretStr):
        return '"***"'
    if isinstance(value, bool | tuple | int | float):
        return json.dumps(value)
    return json.dumps(shown(path, value)[1:-1] if isinstance(value, Path | str) else str(value), ensure_ascii=False)
