"""What a transaction is about to change, on disk before the first change."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luaskills.errors import ManagementError
from luaskills.management.durable import write_text

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One path that becomes the staged file or directory, or goes away; paths are relative to the base."""

    path: str
    staged: str | None
    backup: str
    existed: bool


@dataclass(frozen=True, slots=True)
class Journal:
    """A transaction; paths are relative to the base, so that the base may move between a crash and its recovery."""

    changes: tuple[Change, ...]
    scratch: tuple[str, ...] = ()
    """Directories that go away at the end."""
    watched: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """Directory → what was in it before; undoing removes what came since. None: the directory was not there."""
    committed: bool = False
    discard: tuple[str, ...] = ()
    """What goes away after the commit, besides backups."""


def write_journal(path: Path, journal: Journal) -> None:
    """Put the journal on disk, whole."""
    changes = [[c.path, c.staged, c.backup, c.existed] for c in journal.changes]
    document = {
        "version": _VERSION,
        "committed": journal.committed,
        "changes": changes,
        "scratch": journal.scratch,
        "watched": journal.watched,
        "discard": journal.discard,
    }
    write_text(path, json.dumps(document, indent=1))


def read_journal(path: Path) -> Journal | None:
    """The journal of an unfinished transaction; None without one. Raises ManagementError when it makes no sense."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ManagementError(f"management journal {path} can not be read: {error}") from None
    try:
        return _parsed(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManagementError(f"management journal {path} is invalid: {error}") from None


def _parsed(data: Any) -> Journal:
    if data["version"] != _VERSION:
        raise ValueError(f"version {data['version']} is not {_VERSION}")
    return Journal(
        changes=tuple(
            Change(_inside(path), None if staged is None else _inside(staged), _inside(backup), existed is True)
            for path, staged, backup, existed in data["changes"]
        ),
        scratch=tuple(_inside(path) for path in data["scratch"]),
        watched={
            _inside(path): None if names is None else tuple(str(name) for name in names)
            for path, names in data["watched"].items()
        },
        committed=data["committed"] is True,
        discard=tuple(_inside(path) for path in data["discard"]),
    )


def _inside(path: str) -> str:
    if os.path.isabs(path) or os.path.normpath(path) in ("", ".") or os.path.normpath(path).startswith(".."):
        raise ValueError(f"{path!r} is not below the runtime root")
    return path
