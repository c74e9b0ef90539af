"""Which entries the Lua packages of a registry have: known only to who reads them."""

from __future__ import annotations

import asyncio

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.archive import is_package
from pharia_kernel.runtimes.lua.package import entry_names
from pharia_kernel.skills.registry import CodeUnavailable, Images, Revision

_READ_SECONDS = 20.0
"""Then the other skills of the namespace have waited long enough for their turn."""


class PackageImages:
    """Remembers what it has read."""

    def __init__(self, images: Images) -> None:
        self._images = images
        self._read: dict[Revision, tuple[str, ...]] = {}
        self._last: dict[tuple[str, str], tuple[str, ...]] = {}
        """By package and tag: what there was when it could be read last."""

    async def entries(self, package: str, tag: str, revision: Revision | None) -> tuple[str, ...]:
        """Canonical names of its entries.

        Of a package that can not be read those it had before, otherwise its own name: who loads that is told why.
        """
        before = self._last.get((package, tag), (package,))
        if revision is None:
            return before
        if revision not in self._read:
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    code = await self._images.read(package, str(revision))
                self._read[revision] = await asyncio.to_thread(_entries, package, code)
            except (CodeUnavailable, TimeoutError):
                return before
            except SkillLoadError:
                self._read[revision] = before
        self._last[package, tag] = self._read[revision]
        return self._read[revision]

    def keep(self, revisions: set[Revision]) -> None:
        """Forget all others."""
        self._read = {revision: entries for revision, entries in self._read.items() if revision in revisions}


def _entries(package: str, code: bytes) -> tuple[str, ...]:
    if not is_package(code):
        raise SkillLoadError(f"{package} is no Lua package")
    name, entries = entry_names(code)
    if name != package:
        raise SkillLoadError(f"the package is called {name}")
    return entries
