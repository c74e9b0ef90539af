"""All skills of a watched directory: its components, and the entries of its Lua packages."""

from __future__ import annotations

from pathlib import Path

from pharia_kernel.skills.directory import DirectoryRegistry
from pharia_kernel.skills.package_directory import PackageDirectory, PackageRevision
from pharia_kernel.skills.registry import Listing, Revision


class WatchedDirectory:
    """Implements :class:`~pharia_kernel.skills.registry.Registry`."""

    def __init__(self, directory: Path, settle_seconds: float = 0.2) -> None:
        self._components = DirectoryRegistry(directory, settle_seconds=settle_seconds)
        self._packages = PackageDirectory(directory, settle_seconds)

    async def __aenter__(self) -> WatchedDirectory:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def scan(self) -> Listing:
        components, packages = (await self._components.scan()).skills, await self._packages.scan()
        both = sorted(components.keys() & packages.skills.keys())
        warnings = [f"{name} is a component and an entry of a Lua package; the component is served" for name in both]
        return Listing({**packages.skills, **components}, warnings=(*packages.warnings, *warnings))

    async def read(self, name: str, revision: Revision) -> bytes:
        source = self._packages if isinstance(revision, PackageRevision) else self._components
        return await source.read(name, revision)
