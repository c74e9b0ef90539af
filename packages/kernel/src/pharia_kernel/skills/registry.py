"""Where skill code comes from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol

Revision = Hashable
"""Names one state of a skill's code without reading it: a file's stat, a manifest's digest."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One skill as a scan saw it."""

    revision: Revision
    settled: bool = True
    """False while the code may still be on its way; a later scan says True for the same revision."""


class RegistryUnavailable(Exception):
    """The registry can not say what it holds; the text says why and names the way out."""


class CodeUnavailable(Exception):
    """The code of one skill can not be read now; worth another try at the next scan."""


class RevisionGone(CodeUnavailable):
    """The code changed since the scan; the next scan sees the new revision."""


class Registry(Protocol):
    """The skills of one namespace. Both methods work off the event loop and end within a bounded time."""

    async def scan(self) -> Mapping[str, Listed]:
        """Every skill by name; raises :class:`RegistryUnavailable`."""
        ...

    async def read(self, name: str, revision: Revision) -> bytes:
        """The code of exactly this revision.

        Raises :class:`CodeUnavailable`, and :class:`~pharia_kernel.errors.SkillLoadError` where another try is useless.
        """
        ...
