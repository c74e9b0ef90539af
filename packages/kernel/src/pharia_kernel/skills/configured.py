"""One configured skill: what the registry shows of it, the version that works, and why a newer one does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from opentelemetry.context import Context

from pharia_kernel.errors import SkillLoadError, SkillUnreachable
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.skills.registry import Listed, Revision
from pharia_kernel.skills.version import Version
from pharia_kernel.types import SkillPath

logger = logging.getLogger("pharia_kernel.skills")
audit = logging.getLogger("pharia_kernel.audit")


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
        self.waiting = 0
        """Callers that wait for a first version."""
        self.waiting_call: Context | None = None
        """The first of the calls that wait."""
        self._deployed: str | None = None
        """Digest of the version that answered last; loading it again is no deployment."""
        self._tried: Revision | None = None
        self._limits: SkillLimits | None = None
        self._reported: tuple[Revision | None, str] | None = None
        self._changed = asyncio.Event()

    @property
    def due(self) -> bool:
        """The newest revision is complete, was not tried yet, and no load is under way that it could overtake."""
        wanted = not (self.evicted or self.removed or self.loading)
        known = self.listed.settled and self.listed.revision is not None
        return wanted and known and self.listed.revision != self._tried

    @property
    def cached(self) -> bool:
        return self.working is not None and self.listed.ready is None

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
        if listed.revision is None:
            self.retry()  # when it is known again, the failure that is noted now must end
            failed = SkillUnreachable if listed.unreachable else SkillLoadError
            self.fail(None, failed(listed.problem or "nobody knows where its code is"))

    def bound(self, limits: SkillLimits) -> None:
        """What it may use from now on; a version with other limits is loaded once more."""
        before, self._limits = self._limits, limits
        if before not in (None, limits):
            self.retry()

    @contextmanager
    def load(self) -> Iterator[Listed]:
        """Gives what to load; no other load of this skill begins meanwhile."""
        self.loading = True
        self._tried = self.listed.revision
        try:
            yield self.listed
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
        fields = {"skill": str(self.path), "digest": version.code_digest}
        logger.info("skill %s is ready", self.path, extra=fields)
        if version.code_digest != self._deployed:
            audit.info("deployed", extra={**fields, "replaced": self._deployed, "tag": self.listed.tag})
            self._deployed = version.code_digest
        return before

    def fail(self, revision: Revision | None, error: SkillLoadError) -> None:
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

    def rest(self) -> None:
        """Nobody waits for it and there is no room: the next call loads it."""
        self.evicted = True
        self.retry()
        self._pulse()

    def remove(self, *, withdrawn: bool) -> Version | None:
        """``withdrawn``: somebody took it away, the kernel does not just end."""
        before, self.working = self.working, None
        self.removed = True
        if withdrawn and self._deployed is not None:
            audit.info("withdrawn", extra={"skill": str(self.path), "digest": self._deployed})
        self._pulse()
        return before

    async def change(self) -> None:
        """Wait until a load ends or the skill is removed."""
        await self._changed.wait()

    def _pulse(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
