"""Changing several paths together: all of them, or after any failure or crash none of them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from luaskills.errors import ManagementError
from luaskills.management.durable import partial_of, prune_empty, remove, sync_directory
from luaskills.management.journal import Change, Journal, read_journal, write_journal

HIDDEN = ".luaskills-"
"""How scratch directories begin, so that a sweep knows them."""


class Transaction:
    """A context manager: stage into :meth:`scratch`, :meth:`replace`, :meth:`begin`, :meth:`apply`, :meth:`commit`.

    Leaving it without a commit puts everything back. After a crash :func:`settle` does the same, or finishes what was
    committed. All paths are below ``base``; every move is a rename. Whoever uses it holds the lock of the base.
    """

    def __init__(self, base: Path, journal: Path) -> None:
        self._base, self._path = base, journal
        self._token = secrets.token_hex(4)
        self._scratch: list[Path] = []
        self._changes: list[Change] = []
        self._watched: dict[str, tuple[str, ...] | None] = {}
        self._begun: Journal | None = None

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._begun is None:
            _clear(self._base, self._path, Journal((), self._relative(self._scratch)))
        elif self._begun.committed:
            with suppress(OSError):  # the change is made; the journal stays, and the next start clears again
                _clear(self._base, self._path, self._begun)
        else:
            self._put_back(error)

    def _put_back(self, error: BaseException | None) -> None:
        assert self._begun is not None
        try:
            _undo(self._base, self._path, self._begun)
        except OSError as problem:
            raise ManagementError(
                f"{error} Rollback failed: {problem}; it is tried again at the next start ({self._path})"
            ) from error

    def scratch(self, parent: Path) -> Path:
        """A new empty directory that goes away at the end."""
        directory = parent / f"{HIDDEN}{self._token}"
        directory.mkdir(parents=True)
        self._scratch.append(directory)
        return directory

    def replace(self, path: Path, staged: Path | None, backup: Path | None = None) -> None:
        """Plan that ``path`` becomes ``staged``, or goes away; ``backup`` is a free name, by default beside it."""
        backup = backup or path.with_name(f".{path.name}.{self._token}")
        staged_text = None if staged is None else self._below(staged)
        self._changes.append(Change(self._below(path), staged_text, self._below(backup), os.path.lexists(path)))

    def watch(self, directory: Path) -> None:
        """Plan that undoing removes what comes into a directory from now on."""
        names = tuple(sorted(os.listdir(directory))) if directory.is_dir() else None
        self._watched[self._below(directory)] = names

    def begin(self) -> None:
        """Put the plan on disk; from here on a crash is undone."""
        self._begun = Journal(tuple(self._changes), self._relative(self._scratch), dict(self._watched))
        write_journal(self._path, self._begun)

    def apply(self) -> None:
        """Make the planned changes."""
        for change in self._changes:
            path = self._base / change.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if change.existed:
                os.rename(path, self._base / change.backup)
            if change.staged is not None:
                os.rename(self._base / change.staged, path)
        for directory in {(self._base / change.path).parent for change in self._changes}:
            sync_directory(directory)

    def commit(self, discard: Iterable[Path] = ()) -> None:
        """Make the changes last; ``discard`` goes away with the backups."""
        if self._begun is None:
            raise RuntimeError("commit before begin")
        committed = replace(self._begun, committed=True, discard=self._relative(discard))
        write_journal(self._path, committed)
        self._begun = committed

    def _relative(self, paths: Iterable[Path]) -> tuple[str, ...]:
        return tuple(self._below(path) for path in paths)

    def _below(self, path: Path) -> str:
        return path.relative_to(self._base).as_posix()


def settle(base: Path, journal: Path) -> None:
    """Undo or finish the transaction a killed process left; without one do nothing. Raises ManagementError."""
    partial_of(journal).unlink(missing_ok=True)
    found = read_journal(journal)
    if found is None:
        return
    if found.committed:
        with suppress(OSError):  # nothing but rubbish is left, which must not keep a host from starting
            _clear(base, journal, found)
    else:
        _undo(base, journal, found)


def _undo(base: Path, path: Path, journal: Journal) -> None:
    """Safe to be interrupted and repeated: each rename shows in the file system whether it was done."""
    for change in reversed(journal.changes):
        target, backup = base / change.path, base / change.backup
        if change.existed and not os.path.lexists(backup):
            continue
        if change.staged is not None and os.path.lexists(target) and not os.path.lexists(base / change.staged):
            os.rename(target, base / change.staged)
        if change.existed:
            os.rename(backup, target)
    for name, before in journal.watched.items():
        directory = base / name
        if before is None:
            remove(directory)
        elif directory.is_dir():
            for child in set(os.listdir(directory)) - set(before):
                remove(directory / child)
    _clear(base, path, replace(journal, changes=()))


def _clear(base: Path, path: Path, journal: Journal) -> None:
    for change in journal.changes:
        remove(base / change.backup)
    for name in (*journal.discard, *journal.scratch):
        remove(base / name)
        prune_empty((base / name).parent)
    path.unlink(missing_ok=True)
