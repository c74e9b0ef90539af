"""Unpacking a skill package: one directory named for the skill, and nothing that reaches out of it."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from pathlib import Path

from luaskills.errors import ManagementError

LARGEST_ARCHIVE_BYTES = 256 * 1024**2
LARGEST_TOTAL_BYTES = 512 * 1024**2
MOST_ENTRIES = 10_000
LARGEST_RATIO = 200
_RATIO_FREE_BYTES = 16 * 1024**2
"""Small packages may be packed as tightly as they like."""
_BLOCK_BYTES = 1 << 16
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*]')


def unpack_skill(archive: Path, name: str, skill_id: str, target: Path) -> Path:
    """Unpack below ``target`` and give the package directory; ``name`` is what messages call the archive.

    Raises ManagementError for members outside of ``{skill_id}/``, names that are absolute, climb or can not exist on
    Windows, links and other special members, duplicates, passwords, damage, and archives that grow too large.
    """
    try:
        if archive.stat().st_size > LARGEST_ARCHIVE_BYTES:
            raise ManagementError(f"Skill package {name} is larger than {LARGEST_ARCHIVE_BYTES} bytes")
        with zipfile.ZipFile(archive) as file:
            members = _checked(file, archive, name, skill_id)
            _write(file, members, name, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, ManagementError):
            raise
        raise ManagementError(f"Skill package {name} can not be unpacked: {error}") from None
    return target / skill_id


def _checked(file: zipfile.ZipFile, archive: Path, name: str, skill_id: str) -> list[tuple[str, zipfile.ZipInfo]]:
    """Path inside the target and member, directories included."""
    infos = file.infolist()
    if len(infos) > MOST_ENTRIES:
        raise ManagementError(f"Skill package {name} has more than {MOST_ENTRIES} entries")
    total = sum(info.file_size for info in infos)
    if total > LARGEST_TOTAL_BYTES:
        raise ManagementError(f"Skill package {name} unpacks to more than {LARGEST_TOTAL_BYTES} bytes")
    if total > max(_RATIO_FREE_BYTES, LARGEST_RATIO * archive.stat().st_size):
        raise ManagementError(f"Skill package {name} unpacks to more than {LARGEST_RATIO} times its size")
    members = [(_checked_path(info.filename), info) for info in infos]
    for path, info in members:
        _check_kind(info)
        top = path.partition("/")[0]
        if top != skill_id or (path == skill_id and not info.is_dir()):
            raise ManagementError(
                f"Skill package {name} must contain only the top-level directory '{skill_id}', but found '{top}'"
            )
    _check_unique(members)
    if not any(path == f"{skill_id}/skill.yaml" and not info.is_dir() for path, info in members):
        raise ManagementError(f"Skill package {name} does not contain {skill_id}/skill.yaml")
    return members


def _checked_path(name: str) -> str:
    path = name.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path):
        raise ManagementError(f"Zip entry '{name}' must not use an absolute path")
    parts = path.removesuffix("/").split("/")
    if ".." in parts:
        raise ManagementError(f"Zip entry '{name}' must not contain parent-directory traversal")
    for part in parts:
        if part in ("", ".") or part != part.rstrip(". ") or _FORBIDDEN.search(part) or _DEVICE.fullmatch(part):
            raise ManagementError(f"Zip entry '{name}' must not use the name {part!r}, which not every system can hold")
    return "/".join(parts)


def _check_kind(info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR and not info.is_dir()):
        raise ManagementError(f"Zip entry '{info.filename}' must be a plain file or directory, not a link or device")
    if info.flag_bits & 0x1:
        raise ManagementError(f"Zip entry '{info.filename}' must not be encrypted")


def _check_unique(members: list[tuple[str, zipfile.ZipInfo]]) -> None:
    """No path twice, also not in another case, and no file where another member needs a directory."""
    kinds: dict[str, bool] = {}
    for path, info in members:
        folded = path.casefold()
        if folded in kinds and not (kinds[folded] and info.is_dir()):
            raise ManagementError(f"Zip entry '{info.filename}' appears more than once")
        kinds[folded] = info.is_dir()
    for path, info in members:
        parent = path.casefold().rpartition("/")[0]
        while parent:
            if kinds.get(parent) is False:
                raise ManagementError(f"Zip entry '{info.filename}' lies below a file")
            parent = parent.rpartition("/")[0]


def _write(file: zipfile.ZipFile, members: list[tuple[str, zipfile.ZipInfo]], name: str, target: Path) -> None:
    left = LARGEST_TOTAL_BYTES
    for path, info in members:
        place = target / path
        if info.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with file.open(info) as source, place.open("xb") as sink:
            while block := source.read(_BLOCK_BYTES):
                left -= len(block)
                if left < 0:
                    raise ManagementError(f"Skill package {name} unpacks to more than {LARGEST_TOTAL_BYTES} bytes")
                sink.write(block)
            sink.flush()
            os.fsync(sink.fileno())
        if info.external_attr >> 16 & 0o111:
            place.chmod(0o755)
