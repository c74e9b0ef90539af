"""Skill code by name in one directory; tags mean nothing here.

``NAME.wasm`` is the component ``NAME``, ``NAME.zip`` or a folder ``NAME`` the Lua package.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from pharia_kernel.skills.directory import SUFFIX, DirectoryRegistry
from pharia_kernel.skills.package_directory import ARCHIVE, PackageDirectory, PackageRevision
from pharia_kernel.skills.registry import CodeUnavailable, Listed, RegistryUnavailable, Revision, RevisionGone

_LOOKS = 5


class ImageDirectory:
    """Implements :class:`~pharia_kernel.skills.registry.Images`."""

    def __init__(self, directory: Path, settle_seconds: float = 0.2) -> None:
        self._directory = directory
        self._settle_seconds = settle_seconds
        self._files = DirectoryRegistry(directory, settle_seconds=settle_seconds)
        self._packages = PackageDirectory(directory, settle_seconds)
        self._revisions: dict[str, tuple[str, Revision]] = {}
        """By name, with the word that stands for it."""

    @property
    def problem(self) -> None:
        return None

    async def __aenter__(self) -> ImageDirectory:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def resolve(self, name: str, tag: str) -> str:
        """Waits a moment for a file that is just being written."""
        for _ in range(_LOOKS):
            listed = await self._listed(name)
            if listed is None:
                raise CodeUnavailable(
                    f"there is no {name}{SUFFIX} in the directory {self._directory}, and no Lua package {name}"
                )
            if listed.settled and listed.revision is not None:
                word = repr(listed.revision)
                self._revisions[name] = (word, listed.revision)
                return word
            await asyncio.sleep(self._settle_seconds)
        raise RegistryUnavailable(f"{name} in the directory {self._directory} is still being written")

    async def read(self, name: str, digest: str) -> bytes:
        word, revision = self._revisions.get(name, ("", None))
        if word != digest:
            raise RevisionGone(f"{name} changed since it was listed")
        source = self._packages if isinstance(revision, PackageRevision) else self._files
        return await source.read(name, revision)

    async def _listed(self, name: str) -> Listed | None:
        if (component := (await self._files.scan()).skills.get(name)) is not None:
            return component
        packages = await self._packages.places()
        return packages.get(name) or packages.get(f"{name}{ARCHIVE}")
