"""Files out of dependency archives: only the declared exports are written, each to its declared place."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Protocol

_LARGEST_BYTES = 2 * 1024**3
_BLOCK_BYTES = 1 << 16


class ArchiveProblem(Exception):
    """An archive is broken or lacks an export."""


class Wanted(Protocol):
    """One file to take out."""

    @property
    def archive_path(self) -> str: ...
    @property
    def target_path(self) -> str: ...
    @property
    def executable(self) -> bool: ...


def unpack_exports(archive: Path, archive_type: str, exports: Iterable[Wanted], target: Path) -> None:
    """Write the exports below ``target``; raises ArchiveProblem. Links and other special members are refused."""
    try:
        if archive_type == "raw":
            for export in exports:
                with archive.open("rb") as content:
                    _write(content, target, export)
        elif archive_type == "zip":
            _from_zip(archive, exports, target)
        elif archive_type == "tar_gz":
            _from_tar(archive, exports, target)
        else:
            raise ArchiveProblem(f"archive_type must be zip, tar_gz or raw: {archive_type!r}")
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise ArchiveProblem(f"archive {archive.name} can not be unpacked: {error}") from None


def _from_zip(archive: Path, exports: Iterable[Wanted], target: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        members = {info.filename: info for info in file.infolist() if not info.is_dir()}
        for export in exports:
            info = members.get(_match(members, export.archive_path) or "")
            if info is None:
                raise ArchiveProblem(f"zip archive {archive} does not contain required export '{export.archive_path}'")
            with file.open(info) as content:
                _write(content, target, export)


def _from_tar(archive: Path, exports: Iterable[Wanted], target: Path) -> None:
    with tarfile.open(archive, "r:gz") as file:
        members = {info.name.removeprefix("./"): info for info in file.getmembers() if info.isfile()}
        for export in exports:
            name = _match(members, export.archive_path)
            content = file.extractfile(members[name]) if name is not None else None
            if content is None:
                raise ArchiveProblem(
                    f"tar.gz archive {archive} does not contain required export '{export.archive_path}'"
                )
            with content:
                _write(content, target, export)


def _match(names: Iterable[str], wanted: str) -> str | None:
    """The member of this path, with or without one leading directory."""
    wanted = wanted.removeprefix("./")
    listed = list(names)
    if wanted in listed:
        return wanted
    return next((name for name in listed if name.partition("/")[2] == wanted), None)


def _write(content: IO[bytes], target: Path, export: Wanted) -> None:
    path = target / export.target_path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            left = _LARGEST_BYTES
            while block := content.read(_BLOCK_BYTES):
                left -= len(block)
                if left < 0:
                    raise ArchiveProblem(f"export '{export.archive_path}' is larger than {_LARGEST_BYTES} bytes")
                file.write(block)
        if export.executable:
            partial.chmod(0o755)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
