"""Skills as ``*.wasm`` files of one directory, watched by polling."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.look import Look
from pharia_kernel.skills.registry import (
    CodeUnavailable,
    Listed,
    Listing,
    Revision,
    RevisionGone,
)
from pharia_kernel.skills.settling import Settling, written_ns

SUFFIX = ".wasm"
_TEMPORARY = (".", "~", "#")
_MAX_CODE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRevision:
    modified_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileRevision:
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


@dataclass
class DirectoryRegistry:
    """Every ``*.wasm`` file is a skill named by its stem.

    Symlinks are followed; sub-directories, hidden files and editors' temporary files are not skills.
    """

    directory: Path
    settle_seconds: float = 0.2
    monotonic: Callable[[], float] = time.monotonic
    wall_clock_ns: Callable[[], int] = time.time_ns
    _settling: Settling[FileRevision] = field(init=False, repr=False)
    _look: Look[dict[str, os.stat_result]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._settling = Settling(self.settle_seconds, self.monotonic, self.wall_clock_ns)
        self._look = Look(self.directory, partial(_list, self.directory))

    async def __aenter__(self) -> DirectoryRegistry:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def scan(self) -> Listing:
        found = await self._look.now()
        seen = {name: (FileRevision.of(status), written_ns(status)) for name, status in found.items()}
        settled = self._settling.see(seen)
        return Listing({name: Listed(revision, settled[name]) for name, (revision, _) in seen.items()})

    async def read(self, name: str, revision: Revision) -> bytes:
        return await asyncio.to_thread(read_file, self.directory / f"{name}{SUFFIX}", revision)


def _list(directory: Path) -> dict[str, os.stat_result]:
    found: dict[str, os.stat_result] = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            name = entry.name.removesuffix(SUFFIX)
            if name == entry.name or not name or name.startswith(_TEMPORARY) or not _is_text(name):
                continue
            with contextlib.suppress(OSError):  # removed since, or a symlink to nothing
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    found[name] = status
    return found


def _is_text(name: str) -> bool:
    """File names that are not UTF-8 can not be asked for over HTTP."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_file(path: Path, revision: Revision) -> bytes:
    """Blocks. Raises as :meth:`~pharia_kernel.skills.registry.Registry.read`."""
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
