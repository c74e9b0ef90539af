"""How much code is loaded at the same time."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pharia_kernel.skills.version import Version
from pharia_kernel.types import SkillPath

logger = logging.getLogger("pharia_kernel.skills")

MIB = 1024 * 1024


class Room:
    """Counts the bytes of loaded code; when there are too many, what was used longest ago goes.

    The size of a component stands for what it takes: compiled it needs about as much again.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._used = 0
        self._held: dict[Version, tuple[SkillPath, Callable[[], object]]] = {}

    @property
    def full(self) -> bool:
        """Whether something would have to go for anything new."""
        return self._used >= self._capacity

    def add(self, path: SkillPath, version: Version, evict: Callable[[], object]) -> None:
        """Make room for a version; ``evict`` gives it up, which ends in :meth:`drop`."""
        if version in self._held or not version.weight:
            return
        self._held[version] = (path, evict)
        self._used += version.weight
        while self._used > self._capacity and len(self._held) > 1:
            oldest = min((other for other in self._held if other is not version), key=lambda other: other.used)
            self._give_up(oldest)

    def drop(self, version: Version) -> None:
        if self._held.pop(version, None) is not None:
            self._used -= version.weight

    def _give_up(self, version: Version) -> None:
        path, evict = self._held[version]
        self.drop(version)
        logger.info(
            "skill %s is unloaded to make room (%d of %d MiB of code are loaded); its next call loads it",
            path,
            self._used // MIB,
            self._capacity // MIB,
            extra={"skill": str(path), "digest": version.code_digest},
        )
        evict()
