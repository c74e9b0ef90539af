"""Compiled code on disk, shared by the processes of one user.

Loading compiled code means running what the file says. So the folder must belong to this user and be writable by nobody
else, and each file must have the digest noted when it was written; anything else is compiled again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pharia_kernel.runtimes.wasm.host.engine import (
    Code,
    Engine,
    compile_component,
    open_saved,
    save,
)
from pharia_kernel.runtimes.wasm.host.errors import HostError

_log = logging.getLogger(__name__)
_SUFFIX = ".cwasm"


class UnsafeCache(HostError):
    """Others could put code of theirs into the folder."""


class CodeCache:
    """``folder/<engine fingerprint>/<digest of the component>.cwasm``, with the digest of the file beside it."""

    def __init__(self, folder: Path, engine: Engine, most_bytes: int | None = None) -> None:
        """Of more than ``most_bytes``, code of other engines included, what was used longest ago is removed."""
        self._engine = engine
        self._most_bytes = most_bytes
        self._folder = folder / engine.fingerprint
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            _log.warning("compiled code can not be kept in %s: %s", self._folder, error)
        for path in (folder, self._folder):
            if path.exists():
                _check_private(path)

    def load(self, binary: bytes) -> Code:
        """Code for the component, from disk or compiled now; one process compiles, others wait for it. Blocks."""
        path = self._folder / f"{hashlib.sha256(binary).hexdigest()}{_SUFFIX}"
        if code := self._open(path):
            return code
        with _locked(path.with_suffix(".lock")):
            if code := self._open(path):
                return code
            code = compile_component(self._engine, binary)
            self._store(code, path)
            return code

    def _open(self, path: Path) -> Code | None:
        note = path.with_suffix(".sha256")
        try:
            expected = note.read_text()
            if _digest(path) == expected:
                with contextlib.suppress(OSError):
                    os.utime(path)
                return open_saved(self._engine, path)
        except FileNotFoundError:
            return None
        except (OSError, HostError) as error:
            _log.warning("compiled code %s can not be used and is made again: %s", path.name, error)
            return None
        _log.warning("compiled code %s is damaged and is made again", path.name)
        return None

    def _store(self, code: Code, path: Path) -> None:
        """A full disk costs the next start its time, not this one its skill."""
        try:
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                fresh = Path(place) / "code"
                save(code, fresh)
                note = Path(place) / "note"
                note.write_text(_digest(fresh))
                fresh.replace(path)
                note.replace(path.with_suffix(".sha256"))
            if self._most_bytes is not None:
                _make_room(self._folder.parent, self._most_bytes, path)
        except OSError as error:
            _log.warning("compiled code could not be kept in %s: %s", self._folder, error)


def _make_room(folder: Path, most_bytes: int, kept: Path) -> None:
    """Processes that run what is removed keep it until they end."""
    used: list[tuple[float, int, Path]] = []
    for path in folder.glob(f"*/*{_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            state = path.stat()
            used.append((state.st_mtime, state.st_size, path))
    total = sum(size for _, size, _ in used)
    for _, size, path in sorted(used):
        if total <= most_bytes:
            return
        if path != kept:
            for each in (path.with_suffix(".sha256"), path):
                each.unlink(missing_ok=True)
            total -= size
    if total > most_bytes:
        _log.warning("the code of one component alone has %d bytes; code-cache-bytes allows %d", total, most_bytes)


def _check_private(folder: Path) -> None:
    state = folder.stat()
    if state.st_uid != os.geteuid() or state.st_mode & 0o022:
        raise UnsafeCache(
            f"{folder} holds machine code and must belong to this user and be writable by nobody else "
            f"(chmod go-w {folder}, or choose another cache-dir)"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        file = path.open("w")
    except OSError:  # full, read-only or gone: each process compiles for itself
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
