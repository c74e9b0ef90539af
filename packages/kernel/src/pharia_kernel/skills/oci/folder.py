"""Files that several processes keep together: written whole, made room for, and no matter when they are lost.

Nothing here raises :class:`OSError`. A disk that is full or gone costs the copies, with one warning.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger("pharia_kernel.skills")

_TEMPORARY = "unfinished"
_ABANDONED_SECONDS = 3600.0
"""Age of an unfinished file whose writer must have died."""


class Folder:
    """``root/KIND/KEY``. Its methods block."""

    def __init__(self, root: Path, *, wall_clock: Callable[[], float] = time.time) -> None:
        self.root = root
        self._wall_clock = wall_clock
        self._complained = False
        self._safe: bool | None = None

    def read(self, kind: str, key: str) -> bytes | None:
        if not self._usable():
            return None
        try:
            return (self.root / kind / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._complain(error)
            return None

    def write(self, kind: str, key: str, content: bytes, *, durable: bool = False) -> bool:
        """Whether it was kept; with ``durable`` even if the machine stops now."""
        if not self._usable():
            return False
        try:
            self._replace(self.root / kind / key, content, durable)
        except OSError as error:
            self._complain(error)
            return False
        self._complained = False
        return True

    def remove(self, kind: str, key: str) -> bool:
        try:
            (self.root / kind / key).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            self._complain(error)
            return False
        return True

    def touch(self, kind: str, key: str) -> None:
        """It was used now."""
        now = self._wall_clock()
        with contextlib.suppress(OSError):
            os.utime(self.root / kind / key, (now, now))

    def make_room(self, kind: str, most_bytes: int, keep: str) -> list[str]:
        """Remove the files of a kind that were used longest ago, but ``keep``; their keys."""
        self._tidy()
        files = sorted(_files(self.root / kind))
        size = sum(file_size for _, file_size, _ in files)
        removed: list[str] = []
        for _, file_size, path in files:
            if size <= most_bytes:
                break
            if path.name != keep and self.remove(kind, path.name):
                size -= file_size
                removed.append(path.name)
        return removed

    def _tidy(self) -> None:
        now = self._wall_clock()
        for modified, _, path in _files(self.root / _TEMPORARY):
            if now - modified > _ABANDONED_SECONDS:
                self.remove(_TEMPORARY, path.name)

    def _replace(self, path: Path, content: bytes, durable: bool) -> None:
        for folder in (path.parent, self.root / _TEMPORARY):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root / _TEMPORARY)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def _usable(self) -> bool:
        """Others must not be able to say what a tag stood for."""
        if self._safe is None:
            try:
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
                state = self.root.stat()
            except OSError as error:
                self._complain(error)
                return False
            self._safe = state.st_uid == os.geteuid() and not state.st_mode & 0o022
            if not self._safe:
                logger.warning(
                    "%s must belong to this user and be writable by nobody else (chmod go-w it, or choose another "
                    "cache-dir); skills are not kept there",
                    self.root,
                )
        return self._safe

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            logger.warning("skills can not be kept in %s, it goes on without: %s", self.root, error.strerror or error)


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Time, size and path."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # another process removed it
                    status = entry.stat()
                    yield status.st_mtime, status.st_size, Path(entry.path)
    except OSError:
        return
