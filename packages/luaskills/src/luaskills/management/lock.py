"""One management operation at a time in a runtime root, over threads and processes."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luaskills.errors import ManagementError

_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.02


@contextmanager
def locked(path: Path, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold the lock of this file; raises ManagementError when another holds it for too long (60 seconds).

    The lock ends with the process that holds it, so a crash leaves none behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        deadline = time.monotonic() + (_WAIT_SECONDS if wait_seconds is None else wait_seconds)
        while not _taken(file.fileno()):
            if time.monotonic() >= deadline:
                raise ManagementError(f"another management operation holds {path}; try again when it has ended")
            time.sleep(_POLL_SECONDS)
        yield


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock when nobody else does; says whether."""
    with path.open("rb") as file:
        yield _taken(file.fileno())


def _taken(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
