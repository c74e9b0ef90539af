"""Skills as ``*.wasm`` files of one directory, watched by polling.

A file counts as settled, and so may be read, when two scans at least ``settle_seconds`` apart saw the same file, or
when nothing was written to it for a while: then nobody is still copying it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.registry import (
    CodeUnavailable,
    Listed,
    Listing,
    RegistryUnavailable,
    Revision,
    RevisionGone,
)

SUFFIX = ".wasm"
_TEMPORARY = (".", "~", "#")
_QUIET_NS = 2_000_000_000
"""A file not written for this long is settled at first sight; two seconds is the coarsest time stamp in use (FAT)."""
_SCAN_SECONDS = 10.0
_MAX_CODE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRevision:
    modified_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileRevision:
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


@dataclass(frozen=True, slots=True)
class _Sighting:
    revision: FileRevision
    first_seen: float
    settled: bool


@dataclass
class DirectoryRegistry:
    """Every ``*.wasm`` file is a skill named by its stem.

    Symlinks are followed; sub-directories, hidden files and editors' temporary files are not skills.
    """

    directory: Path
    settle_seconds: float = 0.2
    monotonic: Callable[[], float] = time.monotonic
    wall_clock_ns: Callable[[], int] = time.time_ns
    _sightings: dict[str, _Sighting] = field(default_factory=dict, init=False, repr=False)
    _scanning: asyncio.Future[dict[str, os.stat_result] | OSError] | None = field(default=None, init=False, repr=False)

    async def __aenter__(self) -> DirectoryRegistry:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def scan(self) -> Listing:
        found = await self._found()
        now, wall_ns = self.monotonic(), self.wall_clock_ns()
        self._sightings = {
            name: self._sighting(self._sightings.get(name), status, now, wall_ns) for name, status in found.items()
        }
        return Listing({name: Listed(seen.revision, seen.settled) for name, seen in self._sightings.items()})

    async def read(self, name: str, revision: Revision) -> bytes:
        return await asyncio.to_thread(_read, self.directory / f"{name}{SUFFIX}", revision)

    async def _found(self) -> dict[str, os.stat_result]:
        # A scan that hangs (a network file system that is gone) keeps one thread; later scans wait for the same one.
        if self._scanning is None:
            self._scanning = asyncio.get_running_loop().run_in_executor(None, _list, self.directory)
        done, _ = await asyncio.wait([self._scanning], timeout=_SCAN_SECONDS)
        if not done:
            raise RegistryUnavailable(f"directory {self.directory}: no answer within {_SCAN_SECONDS:.0f} s")
        found, self._scanning = self._scanning.result(), None
        if isinstance(found, OSError):
            raise RegistryUnavailable(f"directory {self.directory} can not be read: {found.strerror or found}")
        return found

    def _sighting(self, before: _Sighting | None, status: os.stat_result, now: float, wall_ns: int) -> _Sighting:
        revision = FileRevision.of(status)
        if before is None or before.revision != revision:
            quiet = wall_ns - max(status.st_mtime_ns, status.st_ctime_ns) > _QUIET_NS
            return _Sighting(revision, now, quiet)
        return _Sighting(revision, before.first_seen, before.settled or now - before.first_seen >= self.settle_seconds)


def _list(directory: Path) -> dict[str, os.stat_result] | OSError:
    found: dict[str, os.stat_result] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = entry.name.removesuffix(SUFFIX)
                if name == entry.name or not name or name.startswith(_TEMPORARY) or not _is_text(name):
                    continue
                with contextlib.suppress(OSError):  # removed since, or a symlink to nothing
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        found[name] = status
    except OSError as error:
        return error
    return found


def _is_text(name: str) -> bool:
    """File names that are not UTF-8 can not be asked for over HTTP."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(path: Path, revision: Revision) -> bytes:
    try:
        with path.open("rb") as file:
            if FileRevision.of(os.fstat(file.fileno())) != revision:
                raise RevisionGone(f"{path} changed since it was listed")
            code = file.read(_MAX_CODE_BYTES + 1)
            if FileRevision.of(os.fstat(file.fileno())) != revision:
                raise RevisionGone(f"{path} changed while it was read")
    except FileNotFoundError as error:
        raise RevisionGone(f"{path} was removed since it was listed") from error
    except OSError as error:
        raise CodeUnavailable(f"{path} can not be read: {error.strerror or error}") from error
    if len(code) > _MAX_CODE_BYTES:
        raise SkillLoadError(f"{path} has more than {_MAX_CODE_BYTES} bytes; a skill may have up to that many")
    return code
