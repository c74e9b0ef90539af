"""Where the files of a package's version are while the kernel serves it.

``BASE/NAMESPACE/PACKAGE`` is what the engine calls a runtime root: databases and configuration of the package are
there, whatever its version. Each version is a folder of its own in it, ``v-DIGEST``. Processes that share ``BASE``
share the folders: who uses one holds a lock on it, and whoever is the last removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.archive import package_id, unpack

_VERSION = "v-"
_UNFINISHED = ".unpacking-"
_DIGITS = 24


class Installation:
    """One version, held. Its methods block."""

    def __init__(self, skills_dir: Path, name: str, lock: int) -> None:
        self.skills_dir = skills_dir
        self.name = name
        """Of the package."""
        self._lock = lock

    @property
    def folder(self) -> Path:
        return self.skills_dir / self.name

    @property
    def root(self) -> Path:
        return self.skills_dir.parent

    def release(self) -> None:
        """Nobody in this process uses it any more."""
        os.close(self._lock)
        _remove_unused(self.skills_dir)


def install(base: Path, namespace: str, code: bytes, digest: str) -> Installation:
    """Blocks. Raises :class:`SkillLoadError`."""
    name = package_id(code)
    root = base / namespace / name
    skills_dir = root / f"{_VERSION}{digest.removeprefix('sha256:')[:_DIGITS]}"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in root.glob(f"{_VERSION}*"):
            if other != skills_dir:
                _remove_unused(other)
        lock = _held(skills_dir)
        try:
            if not (skills_dir / name).is_dir():
                _fill(skills_dir, name, code)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        raise SkillLoadError(f"{skills_dir}: the package can not be unpacked: {error.strerror or error}") from None
    return Installation(skills_dir, name, lock)


def _held(folder: Path) -> int:
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_SH)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), os.stat(folder)):
                return lock
        os.close(lock)  # it was removed before we had the lock


def _fill(skills_dir: Path, name: str, code: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=skills_dir.parent) as unfinished:
        folder = Path(unfinished) / name
        folder.mkdir(mode=0o700)
        unpack(code, folder)
        try:
            folder.rename(skills_dir / name)
        except OSError:
            if not (skills_dir / name).is_dir():  # another process was faster
                raise


def _remove_unused(folder: Path) -> None:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(lock)
