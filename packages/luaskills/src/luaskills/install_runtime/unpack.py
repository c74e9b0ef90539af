"""Unpacking a release archive into a directory that nothing in it can leave."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

LARGEST_TOTAL_BYTES = 8 * 1024**3
MOST_MEMBERS = 200_000
_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


def unpack_archive(archive: Path, target: Path) -> None:
    """Unpack ``.tar.gz`` or ``.zip``; raises ValueError for members, links and hard links that escape, and for damage.

    Symbolic links are made last, so that no member is written through one.
    """
    unpacking = _Unpacking(target)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                _from_zip(zipped, unpacking)
        else:
            with tarfile.open(archive, "r:gz") as file:
                _from_tar(file, unpacking)
    except _DAMAGE as error:
        raise ValueError(f"archive {archive.name} can not be unpacked: {error}") from None
    unpacking.link()


def _from_tar(file: tarfile.TarFile, unpacking: _Unpacking) -> None:
    for member in file:
        if member.isdir():
            unpacking.directory(member.name)
        elif member.issym():
            unpacking.later(member.name, member.linkname)
        elif member.islnk():
            unpacking.copy(member.name, member.linkname)
        elif member.isfile():
            content = file.extractfile(member)
            assert content is not None
            with content:
                unpacking.file(member.name, content, member.size, member.mode & 0o111 != 0)
        else:
            raise ValueError(f"archive member is neither file, directory nor link: {member.name}")


def _from_zip(file: zipfile.ZipFile, unpacking: _Unpacking) -> None:
    for info in file.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir():
            unpacking.directory(info.filename)
        elif kind == stat.S_IFLNK:
            unpacking.later(info.filename, file.read(info).decode("utf-8", "replace"))
        elif kind in (0, stat.S_IFREG):
            with file.open(info) as content:
                unpacking.file(info.filename, content, info.file_size, info.external_attr >> 16 & 0o111 != 0)
        else:
            raise ValueError(f"archive member is neither file, directory nor link: {info.filename}")


class _Unpacking:
    """Writes members below one directory."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._links: dict[str, str] = {}
        self._left, self._members = LARGEST_TOTAL_BYTES, 0

    def directory(self, name: str) -> None:
        self._place(name).mkdir(parents=True, exist_ok=True)

    def file(self, name: str, content: IO[bytes], size: int, executable: bool) -> None:
        place = self._place(name)
        self._left -= size
        if self._left < 0:
            raise ValueError(f"archive unpacks to more than {LARGEST_TOTAL_BYTES} bytes")
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as sink:
            shutil.copyfileobj(content, sink)
        place.chmod(0o755 if executable else 0o644)

    def copy(self, name: str, source: str) -> None:
        """A hard link, as a file of its own."""
        original, place = self._place(source, name), self._place(name)
        if not original.is_file():
            raise ValueError(f"archive member links to what is not there: {name}")
        self._left -= original.stat().st_size
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original, place)

    def later(self, name: str, link: str) -> None:
        path = self._path(name, name)
        if link.startswith("/") or _DRIVE.match(link) or "\\" in link or "\0" in link:
            raise _escapes(name)
        self._path(posixpath.join(posixpath.dirname(path), link), name)
        self._place(name)
        self._links[path] = link

    def link(self) -> None:
        """Make the symbolic links; none may lead out, also not over another one."""
        for path, link in self._links.items():
            place = self._target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(place):
                raise ValueError(f"archive member appears more than once: {path}")
            place.symlink_to(link)
        root = os.path.realpath(self._target)
        for path in self._links:
            real = os.path.realpath(self._target / path)
            if real != root and not real.startswith(root + os.sep):
                raise _escapes(path)

    def _place(self, name: str, member: str | None = None) -> Path:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise ValueError(f"archive has more than {MOST_MEMBERS} members")
        path = self._path(name, member or name)
        parent = path
        while parent:
            if parent in self._links:
                raise _escapes(member or name)
            parent = posixpath.dirname(parent)
        return self._target / path

    def _path(self, name: str, member: str) -> str:
        if name.startswith("/") or _DRIVE.match(name) or "\\" in name or "\0" in name:
            raise _escapes(member)
        path = posixpath.normpath(name)
        if path == ".." or path.startswith("../"):
            raise _escapes(member)
        return "" if path == "." else path


def _escapes(member: str) -> ValueError:
    return ValueError(f"archive member escapes extraction directory: {member}")
