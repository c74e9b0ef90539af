"""Lua packages in a directory: sub-directories with a ``skill.yaml``, and ``*.zip`` archives of such."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.archive import MANIFEST, is_package_id, pack, package_files
from pharia_kernel.runtimes.lua.package import entry_names, read_manifest
from pharia_kernel.skills.directory import FileRevision, read_file
from pharia_kernel.skills.look import Look
from pharia_kernel.skills.registry import (
    CodeUnavailable,
    Listed,
    Listing,
    Revision,
    RevisionGone,
)
from pharia_kernel.skills.settling import Settling, written_ns

ARCHIVE = ".zip"
_TEMPORARY = (".", "~", "#")


@dataclass(frozen=True, slots=True)
class PackageRevision:
    place: str
    """File name of the folder or archive."""
    state: FileRevision | str
    """Of an archive, or a digest over what is known of the files of a folder."""


@dataclass(frozen=True, slots=True)
class _Contents:
    revision: PackageRevision
    package: str
    entries: tuple[str, ...]


class PackageDirectory:
    """Implements :class:`~pharia_kernel.skills.registry.Registry`: every entry of every package is a skill.

    Its name is the entry's canonical one, ``PACKAGE-ENTRY``. A package whose manifest can not be read is listed by the
    entries it had before, otherwise by its own name, so that somebody learns why.
    """

    def __init__(
        self,
        directory: Path,
        settle_seconds: float = 0.2,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._directory = directory
        self._settling: Settling[PackageRevision] = Settling(settle_seconds, monotonic, wall_clock_ns)
        self._look = Look(directory, partial(_packages, directory))
        self._known: dict[str, _Contents] = {}
        """By place."""

    async def __aenter__(self) -> PackageDirectory:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def places(self) -> dict[str, Listed]:
        """The packages themselves, by file name."""
        found = await self._look.now()
        settled = self._settling.see(found)
        return {place: Listed(revision, settled[place]) for place, (revision, _) in found.items()}

    async def scan(self) -> Listing:
        places = await self.places()
        self._known = {place: contents for place, contents in self._known.items() if place in places}
        owners: dict[str, str] = {}
        skills: dict[str, Listed] = {}
        warnings: list[str] = []
        for place, listed in sorted(places.items()):
            contents = await self._contents(place, listed)
            if contents is None:
                continue
            owner = owners.setdefault(contents.package, place)
            if owner != place:
                warnings.append(f"{owner} and {place} are both package {contents.package}; the first is served")
                continue
            skills |= dict.fromkeys(contents.entries, listed)
        return Listing(skills, warnings=tuple(warnings))

    async def read(self, name: str, revision: Revision) -> bytes:
        """``name`` is of no interest; the entries of a package are read together."""
        assert isinstance(revision, PackageRevision)
        return await asyncio.to_thread(_read, self._directory / revision.place, revision)

    async def _contents(self, place: str, listed: Listed) -> _Contents | None:
        """None for what is still being written for the first time."""
        known, revision = self._known.get(place), listed.revision
        assert isinstance(revision, PackageRevision)
        if known is not None and known.revision == revision:
            return known
        try:
            package, entries = await asyncio.to_thread(_entries, self._directory / place, revision)
        except (SkillLoadError, CodeUnavailable):
            if not listed.settled:
                return known
            name = place.removesuffix(ARCHIVE)
            package, entries = (known.package, known.entries) if known is not None else (name, (name,))
        contents = _Contents(revision, package, entries)
        if listed.settled:
            self._known[place] = contents
        return contents


def _packages(directory: Path) -> Mapping[str, tuple[PackageRevision, int]]:
    """What there is, and when it was written last; raises :class:`OSError`."""
    found: dict[str, tuple[PackageRevision, int]] = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(_TEMPORARY):
                continue
            with contextlib.suppress(OSError):  # removed since, or a symlink to nothing
                status = entry.stat()
                if stat.S_ISREG(status.st_mode) and _is_archive(entry.name):
                    found[entry.name] = (PackageRevision(entry.name, FileRevision.of(status)), written_ns(status))
                elif stat.S_ISDIR(status.st_mode) and is_package_id(entry.name):
                    folder = Path(entry.path)
                    if (folder / MANIFEST).is_file():
                        state, written = _folder_state(folder)
                        found[entry.name] = (PackageRevision(entry.name, state), written)
    return found


def _is_archive(name: str) -> bool:
    return name.endswith(ARCHIVE) and len(name) > len(ARCHIVE) and name.isascii() and name.isprintable()


def _folder_state(folder: Path) -> tuple[str, int]:
    """A digest over names and states of its files, and when one of them was written last."""
    digest, written = hashlib.sha256(), 0
    for name, status in _stats(folder):
        digest.update(f"{name}\0{status.st_mtime_ns} {status.st_size} {status.st_ino}\0".encode(errors="replace"))
        written = max(written, written_ns(status))
    return digest.hexdigest(), written


def _stats(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    try:
        for file in package_files(folder):
            yield file.relative_to(folder).as_posix(), file.stat()
    except SkillLoadError as error:  # it can not be read; whoever tries will say why
        yield str(error), folder.stat()


def _entries(path: Path, revision: PackageRevision) -> tuple[str, tuple[str, ...]]:
    if isinstance(revision.state, FileRevision):
        return entry_names(read_file(path, revision.state))
    return path.name, tuple(read_manifest(path, path.name).entries)


def _read(path: Path, revision: PackageRevision) -> bytes:
    if isinstance(revision.state, FileRevision):
        return read_file(path, revision.state)
    try:
        code = pack(path, path.name)
        if _folder_state(path)[0] != revision.state:
            raise RevisionGone(f"{path} changed since it was listed")
    except FileNotFoundError as error:
        raise RevisionGone(f"{path} changed while it was read") from error
    except OSError as error:
        raise CodeUnavailable(f"{path} can not be read: {error.strerror or error}") from error
    return code
