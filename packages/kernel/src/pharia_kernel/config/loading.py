"""Reading settings: file, then ``.env``, then environment, then command line; the later one wins, key by key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pharia_kernel.config import known
from pharia_kernel.config.settings import Settings, default_cache_dir
from pharia_kernel.config.sources import Entry, dotenv_entries, environment_entries, file_entries, variable
from pharia_kernel.errors import ConfigError

FILE = "config.toml"
_USER = re.compile(r"://.*@", re.DOTALL)


def load_settings(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    overrides: Mapping[str, tuple[str, str]] | None = None,
) -> Settings:
    """Settings as the operator wrote them; raises :class:`ConfigError`.

    ``file`` must exist; without it ``config.toml`` of ``directory`` (default: the working directory) is read if there
    is one. ``overrides`` maps a dotted key to its value and the name of the option it came from.
    """
    environ = os.environ if environ is None else environ
    directory = Path.cwd() if directory is None else directory
    warnings: list[str] = []
    merged: dict[tuple[str, ...], Entry] = {}
    for source in _sources(file, environ, directory, overrides or {}):
        merged |= _checked(source, warnings)
    _check_inference(merged, warnings)
    _drop_empty_endpoint(merged)
    if ("cache-dir",) not in merged:
        merged["cache-dir",] = Entry(("cache-dir",), default_cache_dir(environ), "default")
    try:
        settings = Settings.model_validate(_nested(merged.values()))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, merged) for problem in error.errors())) from None
    origins = {entry.key: entry.origin for entry in merged.values() if entry.origin != "default"}
    return settings.with_provenance(origins, tuple(warnings))


def _sources(
    file: Path | None, environ: Mapping[str, str], directory: Path, overrides: Mapping[str, tuple[str, str]]
) -> Iterable[list[Entry]]:
    if file is not None:
        yield file_entries(file)
    elif (directory / FILE).is_file():
        yield file_entries(directory / FILE)
    yield dotenv_entries(directory)
    yield environment_entries(environ)
    yield [Entry(tuple(key.split(".")), value, option) for key, (value, option) in overrides.items()]


def _checked(entries: list[Entry], warnings: list[str]) -> dict[tuple[str, ...], Entry]:
    """The entries that have an effect; unknown and refused ones are errors."""
    kept: dict[tuple[str, ...], Entry] = {}
    for entry in map(_canonical, entries):
        pattern = known.pattern(entry.path)
        if pattern in known.FIELDS:
            if not (entry.guessed and entry.value == "" and not known.is_secret(entry.path)):
                _add(kept, entry)
        elif pattern in known.NO_EFFECT:
            warnings.append(f"{entry.key} ({entry.origin}) has no effect yet")
        elif pattern == "inference-url":
            if entry.value != "":
                _add(kept, entry)
        elif pattern in known.REFUSED:
            if entry.value != "":
                raise ConfigError(f"{entry.key} ({entry.origin}): {known.REFUSED[pattern]}")
        elif _is_table(entry):
            _add(kept, entry)
        elif not entry.guessed or (len(entry.path) > 1 and entry.path[0] in known.TABLES):
            raise ConfigError(_unknown(entry))
    return kept


def _canonical(entry: Entry) -> Entry:
    name = known.ALIASES.get(entry.key)
    return entry if name is None else Entry((name,), entry.value, entry.origin, entry.guessed)


def _add(kept: dict[tuple[str, ...], Entry], entry: Entry) -> None:
    before = kept.get(entry.path)
    if before is not None and before.value != entry.value:
        raise ConfigError(f"{entry.key}: {before.origin} and {entry.origin} set it to different values; remove one")
    kept[entry.path] = entry


def _is_table(entry: Entry) -> bool:
    """A table of ours without members, or something else in its place; the models say what is wrong with it."""
    prefix = known.pattern(entry.path) + "."
    return not entry.guessed and any(key.startswith(prefix) for key in known.FIELDS)


def _unknown(entry: Entry) -> str:
    meant = known.nearest(entry.path)
    if meant is None:
        return f"{entry.key} ({entry.origin}): no such setting"
    name = variable(meant.split(".")) if entry.guessed else meant
    return f"{entry.key} ({entry.origin}): no such setting; did you mean {name}?"


def _check_inference(merged: dict[tuple[str, ...], Entry], warnings: list[str]) -> None:
    """An endpoint of the original is only passed over where the operator chose another source of answers."""
    entry = merged.pop(("inference-url",), None)
    if entry is None:
        return
    choice = merged.get(("inference",))
    if choice is None or choice.value == "auto":
        raise ConfigError(f"{entry.key} ({entry.origin}): {known.REFUSED['inference-url']}")
    warnings.append(f"{entry.key} ({entry.origin}) has no effect yet")


def _drop_empty_endpoint(merged: dict[tuple[str, ...], Entry]) -> None:
    """Deployments switch the endpoint off with empty variables."""
    table = "openai-inference"
    written = [entry for path, entry in merged.items() if path[0] == table and len(path) == 2]
    if written and all(entry.guessed and entry.value == "" for entry in written):
        for entry in written:
            del merged[entry.path]


def _nested(entries: Iterable[Entry]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for entry in sorted(entries, key=lambda entry: len(entry.path)):
        table = root
        for part in entry.path[:-1]:
            inner = table.get(part)
            if not isinstance(inner, dict):
                inner = table[part] = {}
            table = inner
        table[entry.path[-1]] = entry.value if entry.value != {} else table.get(entry.path[-1], {})
    return root


def _explain(problem: ErrorDetails, merged: Mapping[tuple[str, ...], Entry]) -> str:
    path = tuple(str(part) for part in problem["loc"] if part != "[key]")
    reason = problem["msg"].removeprefix("Value error, ")
    entry = next((entry for at, entry in merged.items() if at == path[: len(at)]), None)
    if problem["type"] == "missing":
        return f"{'.'.join(path)} is missing; set it in the file or as {variable(path)}"
    if entry is None:
        below = next((entry.origin for at, entry in merged.items() if at[: len(path)] == path), "default")
        return f"{'.'.join(path)} ({below}): {reason}"
    return f"{entry.key} = {shown(path, entry.value)} ({entry.origin}): {reason}"


def shown(path: tuple[str, ...], value: object) -> str:
    """The value for people, without what must stay secret."""
    if known.is_secret(path):
        return "***"
    text = _USER.sub("://***@", str(value))
    return f'"{text}"' if isinstance(value, str | os.PathLike) else text
