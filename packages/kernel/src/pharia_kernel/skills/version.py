"""One loaded version of a skill, held by every call that began with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from types import TracebackType

from pharia_kernel.runtimes.skill import Skill, SkillLimits
from pharia_kernel.types import SkillMetadata

_turns = count()


class Version:
    """Counts its calls; once retired, it is given to ``close`` when the last call has ended."""

    def __init__(self, skill: Skill, code_digest: str, weight: int = 0, limits: SkillLimits | None = None) -> None:
        self.skill = skill
        self.code_digest = code_digest
        self.limits = limits
        """With which it was loaded; None for what knows none."""
        self.weight = weight
        """Bytes of code."""
        self.used = next(_turns)
        """Grows with every call, over all versions."""
        self._calls = 0
        self._close: Callable[[Skill], None] | None = None
        self._metadata: SkillMetadata | None = None
        self._asking = asyncio.Lock()

    def enter(self) -> None:
        self._calls += 1
        self.used = next(_turns)

    def leave(self) -> None:
        self._calls -= 1
        self._close_when_idle()

    def retire(self, close: Callable[[Skill], None]) -> None:
        self._close = close
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        if self._calls == 0 and self._close is not None:
            close, self._close = self._close, None
            close(self.skill)

    async def metadata(self) -> SkillMetadata:
        """Asked once; it can not change without new code."""
        if self._metadata is None:
            async with self._asking:
                if self._metadata is None:
                    self._metadata = await self.skill.metadata()
        return self._metadata


class Lease:
    """The right to call one version: it stays usable until the ``with`` block ends."""

    __slots__ = ("_version", "warning")

    def __init__(self, version: Version, warning: str | None) -> None:
        self._version = version
        self.warning = warning
        """Why this is not the newest version, or not known to be."""
        version.enter()

    @property
    def skill(self) -> Skill:
        return self._version.skill

    async def metadata(self) -> SkillMetadata:
        return await self._version.metadata()

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._version.leave()
