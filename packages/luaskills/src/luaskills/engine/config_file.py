"""The skill configuration: strings per skill in one JSON file, read again for every operation."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from luaskills.engine.names import check_identifier
from luaskills.errors import ConfigError, ManifestError
from luaskills.types import Json

_UNRESOLVED = (
    "skill config file path is unresolved; "
    "set host_options.skill_config_file_path or load at least one skill root first"
)


class ConfigFile:
    """The store of one engine; ``path`` is asked for at every use, because a reload may move it.

    Writes are atomic (temporary file, fsync, rename) and keep unknown members of the file; a lock file beside it
    keeps writers of other threads and processes apart.
    """

    def __init__(self, path: Callable[[], Path | None]) -> None:
        self._path = path
        self._lock = threading.Lock()

    def get(self, skill_id: str, key: str) -> str | None:
        return self.values(skill_id).get(_key(key))

    def values(self, skill_id: str) -> dict[str, str]:
        return self.all().get(_skill(skill_id), {})

    def all(self) -> dict[str, dict[str, str]]:
        """Every value, sorted by skill and key."""
        return _skills(_read(self._file()))

    def set(self, skill_id: str, key: str, value: str) -> None:
        skill_id, key = _skill(skill_id), _key(key)
        with self._writing() as document:
            skills = document.setdefault("skills", {})
            skills.setdefault(skill_id, {})[key] = value

    def delete(self, skill_id: str, key: str) -> bool:
        """Whether there was a value; the last key of a skill takes its object along."""
        skill_id, key = _skill(skill_id), _key(key)
        with self._writing() as document:
            values = document.get("skills", {}).get(skill_id, {})
            found = values.pop(key, None) is not None
            if found and not values:
                del document["skills"][skill_id]
        return found

    def _file(self) -> Path:
        path = self._path()
        if path is None:
            raise ConfigError(_UNRESOLVED)
        return path

    @contextmanager
    def _writing(self) -> Iterator[dict[str, Any]]:
        path = self._file()
        if path.parent == path:
            raise ConfigError(f"skill config file '{path}' has no parent directory")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.with_name(f".{path.name}.lock").open("w")
        except OSError as error:
            raise ConfigError(f"failed to write skill config file '{path}': {error}") from None
        with self._lock, lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            document = _read(path)
            before = json.dumps(document, sort_keys=True)
            yield document
            if json.dumps(document, sort_keys=True) != before:
                _write(path, document)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"failed to read skill config file '{path}': {error}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"failed to parse skill config file '{path}': {error}") from None
    if not isinstance(document, dict) or not _well_formed(document.get("skills", {})):
        raise ConfigError(f"failed to parse skill config file '{path}': it must be {{skills: {{id: {{key: text}}}}}}")
    return document


def _well_formed(skills: Json) -> bool:
    return isinstance(skills, dict) and all(
        isinstance(values, dict) and all(isinstance(value, str) for value in values.values())
        for values in skills.values()
    )


def _skills(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    skills = document.get("skills", {})
    return {skill_id: dict(sorted(skills[skill_id].items())) for skill_id in sorted(skills)}


def _write(path: Path, document: dict[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(document, file, indent=2, sort_keys=True, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(f"failed to write skill config file '{path}': {error}") from None


def _key(key: str) -> str:
    trimmed = key.strip()
    if not trimmed:
        raise ConfigError("skill config key must not be empty")
    return trimmed


def _skill(skill_id: str) -> str:
    trimmed = skill_id.strip()
    try:
        check_identifier("skill_id", trimmed)
    except ManifestError as error:
        raise ConfigError(f"invalid skill config skill_id: {error}") from None
    return trimmed
