"""One SQLite database of one skill: a connection, one operation at a time, each with a deadline."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luaskills.errors import HostFunctionError

OPERATION_SECONDS = 60.0
_PROGRESS_STEPS = 10_000
_ATTACH = 24  # SQLITE_ATTACH; the constant of the module is newer than Python 3.11
_LENGTH_BYTES = 64 * 1024 * 1024
_CONFINED_PAGES = 262_144  # 1 GiB of the usual 4 KiB pages
_CLOSED_PRAGMAS = frozenset(
    {
        "cache_size",
        "data_store_directory",
        "hard_heap_limit",
        "max_page_count",
        "mmap_size",
        "page_size",
        "soft_heap_limit",
        "temp_store",
        "temp_store_directory",
    }
)
_BUSY_SECONDS = 5.0


class Connection:
    """The connection of a path; `close` frees it. Safe to use from several threads."""

    def __init__(self, path: str, *, confined: bool) -> None:
        """Open or create the database. `confined` refuses to attach other files and to grow beyond 1 GiB.

        Raises `HostFunctionError` when SQLite can not open it.
        """
        self._lock = threading.Lock()
        self._deadline = 0.0
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA foreign_keys=ON")
        except (OSError, sqlite3.Error) as error:
            raise HostFunctionError(f"failed to open sqlite database {os.fspath(path)}: {error}") from None
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LENGTH_BYTES)
        self._connection.set_progress_handler(self._over, _PROGRESS_STEPS)
        if confined:
            self._connection.execute(f"PRAGMA max_page_count={_CONFINED_PAGES}")
            self._connection.set_authorizer(_authorize)

    @contextmanager
    def operation(self, seconds: float | None) -> Iterator[sqlite3.Connection]:
        """The connection for one operation of at most `seconds` (60 without a value).

        What SQLite refuses is a `HostFunctionError`; a transaction left open is rolled back and refused.
        """
        end = time.monotonic() + min(OPERATION_SECONDS, OPERATION_SECONDS if seconds is None else seconds)
        if not self._lock.acquire(timeout=max(0.0, end - time.monotonic())):
            raise HostFunctionError("sqlite operation timed out while another one ran")
        try:
            self._deadline = end
            yield self._connection
            if self._connection.in_transaction:
                raise HostFunctionError("the script left a transaction open; COMMIT it in the same script")
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
            timed_out = "interrupted" in str(error) and time.monotonic() >= end
            raise HostFunctionError("sqlite operation timed out" if timed_out else str(error)) from None
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()
            self._lock.release()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _over(self) -> int:
        return 1 if time.monotonic() >= self._deadline else 0


def _authorize(action: int, first: str | None, *_rest: str | None) -> int:
    # VACUUM attaches a database with an empty name; a name in an expression arrives as None
    if action == _ATTACH and first != "":
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _CLOSED_PRAGMAS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
