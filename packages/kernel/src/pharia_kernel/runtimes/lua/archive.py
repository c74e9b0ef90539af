"""A Lua package as one file: a zip archive with a single folder, named for the package; and how it becomes files.

What is in an archive is not believed: names, links, numbers and sizes are checked before anything is written.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pharia_kernel.errors import SkillLoadError

MAGIC = b"PK\x03\x04"
MANIFEST = "skill.yaml"
MOST_FILES = 10_000
MOST_BYTES = 256 * 1024 * 1024
"""Of all files together."""
_ID = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_LONGEST_NAME = 1024
_BEGINNING = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20
_LEFT_OUT = ("__pycache__",)
_TEMPORARY = (".", "~", "#")


def is_package(code: bytes) -> bool:
    return code.startswith(MAGIC)


def is_package_id(name: str) -> bool:
    return _ID.fullmatch(name) is not None


def package_id(code: bytes) -> str:
    """The name of its folder; raises :class:`SkillLoadError` for what is not the archive of a package."""
    with _opened(code) as archive:
        return _checked(archive)[0]


def unpack(code: bytes, folder: Path) -> None:
    """Write the files of the package's folder into ``folder``, which is there and empty.

    Raises :class:`SkillLoadError`, also where the disk does not take them.
    """
    with _opened(code) as archive:
        _, members = _checked(archive)
        left = MOST_BYTES
        try:
            for info, inner in members:
                target = folder / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _write(archive, info, target, left)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise SkillLoadError(f"the archive of the package is damaged: {error}") from None
        except OSError as error:
            raise SkillLoadError(f"{folder}: the package can not be unpacked: {error.strerror or error}") from None


def pack(directory: Path, name: str) -> bytes:
    """The archive of a package that is a folder; the same for the same files, whenever they were written.

    Raises :class:`SkillLoadError` for more than a package may have, and :class:`OSError`.
    """
    result, left = io.BytesIO(), MOST_BYTES
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as archive:
        for file in package_files(directory):
            with open(file, "rb") as source:
                content = source.read(left + 1)
            left -= len(content)
            if left < 0:
                raise SkillLoadError(f"{directory} has more than {MOST_BYTES:,} bytes; a package may have that many")
            inner = file.relative_to(directory).as_posix()
            archive.writestr(zipfile.ZipInfo(f"{name}/{inner}", _BEGINNING), content)
    return result.getvalue()


def package_files(directory: Path) -> list[Path]:
    """All that belong to it, sorted; raises :class:`SkillLoadError` for too many, and :class:`OSError`."""
    found: list[Path] = []
    folders = [directory]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith(_TEMPORARY) or entry.name.endswith("~") or entry.name in _LEFT_OUT:
                    continue
                if entry.is_symlink():
                    raise SkillLoadError(f"{entry.path} is a symbolic link; a package has files of its own only")
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    found.append(Path(entry.path))
                if len(found) + len(folders) > MOST_FILES:
                    raise SkillLoadError(f"{directory} has more than {MOST_FILES:,} files")
    return sorted(found)


def _opened(code: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(code))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise SkillLoadError(f"this is no archive of a Lua package: {error}") from None


def _checked(archive: zipfile.ZipFile) -> tuple[str, list[tuple[zipfile.ZipInfo, PurePosixPath]]]:
    """The package's name, and its files with their paths inside its folder."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise SkillLoadError(f"the archive has {len(infos):,} entries; a package may have {MOST_FILES:,}")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise SkillLoadError(f"unpacked the archive has more than {MOST_BYTES:,} bytes; a package may have that many")
    tops = {info.filename.split("/", 1)[0] for info in infos}
    if len(tops) != 1 or not is_package_id(top := tops.pop()):
        raise SkillLoadError(
            "the archive of a package has one folder on top, named for the package (small letters, digits, hyphens)"
        )
    members = list(_files(infos))
    if PurePosixPath(MANIFEST) not in {inner for _, inner in members}:
        raise SkillLoadError(f"the archive has no {top}/{MANIFEST}")
    return top, members


def _files(infos: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    seen: set[str] = set()
    for info in infos:
        name = info.filename
        words = name.rstrip("/").split("/")
        kind = stat.S_IFMT(info.external_attr >> 16)
        unusual = not all(words) or any(word in (".", "..") or "\\" in word or "\0" in word for word in words)
        if unusual or len(name) > _LONGEST_NAME or ":" in words[0]:
            raise SkillLoadError(f"the archive has the unusual name {name[:100]!r}")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise SkillLoadError(f"{name[:100]!r} in the archive is no file but a link or a device")
        if info.flag_bits & 1:
            raise SkillLoadError(f"{name[:100]!r} in the archive is encrypted")
        if info.is_dir():
            continue
        if (folded := name.casefold()) in seen:
            raise SkillLoadError(f"{name[:100]!r} is in the archive twice")
        seen.add(folded)
        if len(words) < 2:
            raise SkillLoadError(f"{name[:100]!r} is not in the package's folder")
        yield info, PurePosixPath(*words[1:])


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, most: int) -> int:
    """Gives the bytes; what the directory of the archive says of them is not believed."""
    written = 0
    with archive.open(info) as source, open(target, "xb") as file:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > most:
                raise SkillLoadError(f"unpacked the archive has more than {MOST_BYTES:,} bytes")
            file.write(block)
    return written
