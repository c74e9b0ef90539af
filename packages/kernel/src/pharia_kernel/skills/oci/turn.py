"""One process at a time pulls a skill; the others find the copy when their turn comes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.3


@asynccontextmanager
async def turn(folder: Path, name: str) -> AsyncGenerator[None, None]:
    """The caller bounds the wait. Where files can not be locked, everybody has a turn at once."""
    path, pause = folder / name, _FIRST_PAUSE
    while True:
        try:
            handle = _taken(path)
        except OSError:
            yield
            return
        if handle is not None:
            break
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def _taken(path: Path) -> int | None:
    """The lock, or None while somebody has it. A process that dies gives its locks back."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == path.stat().st_ino:  # else the one before removed it meanwhile
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None
