"""One configured skill: what the registry shows of it, the version that works, and why a newer one does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.registry import Listed, Revision
from pharia_kernel.skills.version import Version
from pharia_kernel.types import SkillPath

logger = logging.getLogger("pharia_kernel.skills")


class SkillState(str, Enum):
    LOADING = "loading"
    WORKING = "working"
    STALE = "stale"
    """An older version works, the newest can not be loaded."""
    FAILED = "failed"
    IDLE = "idle"
    """Evicted; the next call loads it."""


class ConfiguredSkill:
    def __init__(self, path: SkillPath, listed: Listed) -> None:
        self.path = path
        self.listed = listed
        self.working: Version | None = None
        self.failure: SkillLoadError | None = None
        self.evicted = False
        self.removed = False
        self.loading = False
        self._tried: Revision | None = None
        self._reported: tuple[Revision, str] | None = None
        self._changed = asyncio.Event()

    @property
    def due(self) -> bool:
        """The newest revision is complete, was not tried yet, and no load is under way that it could overtake."""
        wanted = not (self.evicted or self.removed or self.loading)
        return wanted and self.listed.settled and self.listed.revision != self._tried

    @property
    def state(self) -> SkillState:
        if self.failure is not None:
            return SkillState.FAILED if self.working is None else SkillState.STALE
        if self.working is not None:
            return SkillState.WORKING
        return SkillState.IDLE if self.evicted else SkillState.LOADING

    @property
    def warning(self) -> str | None:
        if self.failure is None or self.working is None:
            return None
        return (
            f"an older version answered ({self.working.code_digest[:19]}); the newest can not be loaded: {self.failure}"
        )

    def see(self, listed: Listed) -> None:
        if listed.revision != self.listed.revision:
            self.evicted = False
        self.listed = listed

    @contextmanager
    def load(self) -> Iterator[Revision]:
        """Gives the revision to load; no other load of this skill begins meanwhile."""
        self.loading = True
        self._tried = self.listed.revision
        try:
            yield self._tried
        finally:
            self.loading = False

    def retry(self) -> None:
        """Let the next scan or call try the same revision again."""
        self._tried = None

    def succeed(self, version: Version) -> Version | None:
        """Serve ``version`` from now on; gives the version that it replaces, if another one."""
        before, self.working, self.failure = self.working, version, None
        self._pulse()
        if before is version:
            return None
        logger.info("skill %s is ready", self.path, extra={"skill": str(self.path), "digest": version.code_digest})
        return before

    def fail(self, revision: Revision, error: SkillLoadError) -> None:
        """Remember why the newest revision does not load; logged once per revision and reason."""
        self.failure = error
        self._pulse()
        if self._reported != (revision, str(error)):
            self._reported = (revision, str(error))
            kept = "the older version stays in use" if self.working else "it is not available"
            logger.error("skill %s can not be loaded, %s: %s", self.path, kept, error, extra={"skill": str(self.path)})

    def evict(self) -> Version | None:
        """Forget what is loaded and what failed; the next call loads afresh."""
        before = self.working
        if before is not None or self.failure is not None:  # otherwise callers may wait for the load under way
            self.working = self.failure = None
            self.evicted = True
            self.retry()
        return before

    def remove(self) -> Version | None:
        before, self.working = self.working, None
        self.removed = True
        self._pulse()
        return before

    async def change(self) -> None:
        """Wait until a load ends or the skill is removed."""
        await self._changed.wait()

    def _pulse(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
