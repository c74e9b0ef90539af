"""Reading settings: file, then ``.env``, then environment, then command line; the later one wins, key by key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pharia_kernel.config import known
from pharia_kernel.config.remarks import remarks
from pharia_kernel.config.settings import Settings, default_cache_dir
from pharia_kernel.config.skill_entries import VARIANTS
from pharia_kernel.config.sources import (
    Entry,
    dotenv_entries,
    dotenv_variables,
    environment_entries,
    file_entries,
    secret_entry,
    variable,
)
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
    """Settings as the operator wrote them; raises :class:`ConfigError` with one line for every problem.

    ``file`` must exist; without it ``config.toml`` of ``directory`` (default: the working directory) is read if there
    is one. ``overrides`` maps a dotted key to its value and the name of the option it came from.
    """
    environ = os.environ if environ is None else environ
    directory = Path.cwd() if directory is None else directory
    warnings: list[str] = []
    problems: list[str] = []
    merged: dict[tuple[str, ...], Entry] = {}
    for source in _sources(file, environ, directory, overrides or {}, problems):
        merged |= _checked(source, warnings, problems)
    _drop_empty_endpoint(merged)
    if ("cache-dir",) not in merged:
        merged["cache-dir",] = Entry(("cache-dir",), default_cache_dir(environ), "default")
    try:
        settings = Settings.model_validate(_nested(merged.values()))
    except ValidationError as error:
        problems += [_explain(problem, merged) for problem in error.errors()]
    if problems:
        raise ConfigError("\n".join(problems))
    warnings += remarks(settings, merged)
    origins = {entry.key: entry.origin for entry in merged.values() if entry.origin != "default"}
    return settings.with_provenance(origins, tuple(warnings))


def export_dotenv(environ: MutableMapping[str, str], directory: Path | None = None) -> None:
    """Put into the environment what ``.env`` has for others: exporters, secrets that settings refer to.

    Nothing is overridden, and settings stay out: they are read from the file each time. Raises :class:`ConfigError`.
    """
    _, variables = dotenv_variables(Path.cwd() if directory is None else directory)
    ours = {entry.origin for entry in environment_entries(variables, "") if _is_ours(entry)}
    for name, value in variables.items():
        if f" {name}" not in ours:
            environ.setdefault(name, value)


def _is_ours(entry: Entry) -> bool:
    entry = _canonical(entry)
    known_key = known.pattern(entry.path) in known.FIELDS or known.pattern(entry.path) in known.NO_EFFECT
    return known_key or (len(entry.path) > 1 and entry.path[0] in known.TABLES)


def _sources(
    file: Path | None,
    environ: Mapping[str, str],
    directory: Path,
    overrides: Mapping[str, tuple[str, str]],
    problems: list[str],
) -> Iterable[list[Entry]]:
    if file is None and (directory / FILE).is_file():
        file = directory / FILE
    for read in (partial(file_entries, file) if file else list, partial(dotenv_entries, directory)):
        try:
            yield read()
        except ConfigError as error:
            problems.append(str(error))
    yield environment_entries(environ)
    yield [Entry(tuple(key.split(".")), value, option) for key, (value, option) in overrides.items()]


def _checked(entries: list[Entry], warnings: list[str], problems: list[str]) -> dict[tuple[str, ...], Entry]:
    """The entries that have an effect; unknown ones are errors."""
    kept: dict[tuple[str, ...], Entry] = {}
    for entry in map(_canonical, entries):
        try:
            _take(kept, entry, warnings)
        except ConfigError as error:
            problems.append(str(error))
    return kept


def _take(kept: dict[tuple[str, ...], Entry], entry: Entry, warnings: list[str]) -> None:
    pattern = known.pattern(entry.path)
    if pattern in known.FIELDS:
        if not (entry.guessed and entry.value == "" and not known.is_secret(entry.path)):
            _add(kept, entry)
    elif pattern in known.NO_EFFECT:
        warnings.append(f"{entry.key} ({entry.origin}) has no effect yet")
    elif (secret := known.secret_of_file(entry.path)) is not None:
        if not (entry.guessed and entry.value == ""):
            _add(kept, secret_entry(entry, secret))
    elif _is_table(entry):
        _add(kept, entry)
    elif not entry.guessed or (len(entry.path) > 1 and entry.path[0] in known.TABLES):
        raise ConfigError(_unknown(entry))


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
    inside = _inside(path[len(entry.path) :]) if entry is not None and isinstance(entry.value, list | str) else ""
    if inside:
        reason = f"{inside} is missing" if problem["type"] == "missing" else f"{inside}: {reason}"
    elif problem["type"] == "missing":
        return f"{'.'.join(path)} is missing; set it in the file or as {variable(path)}"
    if entry is None:
        below = next((entry.origin for at, entry in merged.items() if at[: len(path)] == path), "default")
        return f"{'.'.join(path)} ({below}): {reason}"
    return f"{entry.key} = {shown(path, entry.value)} ({entry.origin}): {reason}"


def _inside(path: tuple[str, ...]) -> str:
    """Where in a list of tables, without the names of their variants."""
    parts = [f"[{part}]" if part.isdecimal() else f".{part}" for part in path if part not in VARIANTS]
    return "".join(parts).lstrip(".")


def shown(path: tuple[str, ...], value: object) -> str:
    """The value for people, without what must stay secret."""
    if known.is_secret(path):
        return "***"
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return "[…]"  # what is in a table may have been meant to be secret
    text = _USER.sub("://***@", str(value))
    return f'"{text}"' if isinstance(value, str | os.PathLike) else text
