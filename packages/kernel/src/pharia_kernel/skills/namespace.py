"""The skills of one namespace, kept equal to what its registry shows."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pharia_kernel.errors import SkillLoadError, SkillNotFound
from pharia_kernel.runtimes.skill import Runtime, Skill, SkillLimits
from pharia_kernel.skills.configured import ConfiguredSkill, SkillState
from pharia_kernel.skills.loads import LoadQueue
from pharia_kernel.skills.registry import (
    CodeUnavailable,
    Listed,
    Registry,
    RegistryUnavailable,
    Revision,
    RevisionGone,
)
from pharia_kernel.skills.version import Lease, Version
from pharia_kernel.types import SkillPath

logger = logging.getLogger("pharia_kernel.skills")

_NAMES_COMPARED = 500
"""Looking for a similar name costs about 20 us per known name."""


@dataclass(frozen=True, slots=True)
class SkillStatus:
    name: str
    state: SkillState
    digest: str | None
    """Of the version that answers."""
    problem: str | None


@dataclass(frozen=True, slots=True)
class NamespaceStatus:
    skills: tuple[SkillStatus, ...]
    problem: str | None
    """Why the registry can not be read; the last known skills stay in use meanwhile."""


class Namespace:
    def __init__(
        self,
        name: str,
        registry: Registry,
        runtime: Runtime,
        limits: SkillLimits,
        *,
        loads: LoadQueue,
        close: Callable[[Skill], None],
    ) -> None:
        self.name = name
        self.problem: str | None = None
        self._registry = registry
        self._runtime = runtime
        self._limits = limits
        self._loads = loads
        self._close = close
        self._skills: dict[str, ConfiguredSkill] = {}
        self._scan_lock = asyncio.Lock()
        self._scans_begun = 0

    @property
    def skills(self) -> list[str]:
        return sorted(self._skills)

    @property
    def cached(self) -> list[str]:
        return sorted(name for name, skill in self._skills.items() if skill.working)

    def status(self) -> NamespaceStatus:
        return NamespaceStatus(tuple(_status(self._skills[name]) for name in self.skills), self.problem)

    def warning(self, name: str) -> str | None:
        skill = self._skills.get(name)
        return (skill.warning if skill else None) or self.problem

    async def scan(self) -> None:
        """Take over what the registry shows, as of a moment after this call; concurrent calls share one scan."""
        wanted = self._scans_begun + 1
        async with self._scan_lock:
            if self._scans_begun >= wanted:
                return
            self._scans_begun += 1
            try:
                listing = await self._registry.scan()
            except RegistryUnavailable as error:
                self._report(f'namespace "{self.name}": {error}')
            else:
                self._report(None)
                self._apply(listing)

    async def lookup(self, name: str) -> Lease:
        """A working version, waiting for the first one; the caller bounds the wait."""
        skill = self._skills.get(name)
        if skill is None:
            await self.scan()
        while True:
            skill = self._skills.get(name)
            if skill is None:
                raise SkillNotFound(self._not_found(name))
            if skill.working is not None:
                return Lease(skill.working, skill.warning or self.problem)
            if skill.failure is not None:
                raise SkillLoadError(f"skill {skill.path} can not be loaded: {skill.failure}")
            skill.evicted = False
            self._load_if_due(skill)
            self._loads.urge(skill.path)
            await skill.change()

    async def loaded(self) -> None:
        """Wait until every skill has a version or a failure."""
        for skill in list(self._skills.values()):
            while skill.state is SkillState.LOADING and not skill.removed:
                await skill.change()

    def evict(self, name: str) -> bool:
        skill = self._skills.get(name)
        version = skill.evict() if skill else None
        self._retire(version)
        return version is not None

    def close(self) -> None:
        for skill in self._skills.values():
            self._retire(skill.remove())
        self._skills.clear()

    def _apply(self, listing: Mapping[str, Listed]) -> None:
        for name in self._skills.keys() - listing.keys():
            logger.info("skill %s/%s is gone", self.name, name)
            self._retire(self._skills.pop(name).remove())
        for name, listed in listing.items():
            skill = self._skills.get(name)
            if skill is None:
                skill = self._skills[name] = ConfiguredSkill(SkillPath(self.name, name), listed)
            else:
                skill.see(listed)
            self._load_if_due(skill)

    def _load_if_due(self, skill: ConfiguredSkill) -> None:
        if skill.due:
            self._loads.put(skill.path, partial(self._load, skill))

    async def _load(self, skill: ConfiguredSkill) -> None:
        if not skill.due:
            return
        with skill.load() as revision:
            try:
                version = await self._version(skill, revision)
            except RevisionGone:
                skill.retry()
            except CodeUnavailable as error:
                skill.retry()
                skill.fail(revision, SkillLoadError(str(error)))
            except SkillLoadError as error:
                skill.fail(revision, error)
            except Exception as error:
                logger.exception("loading skill %s", skill.path)
                text = f"loading failed unexpectedly ({error!r}); evict the skill to try again"
                skill.fail(revision, SkillLoadError(text))
            else:
                self._retire(version if skill.removed else skill.succeed(version))

    async def _version(self, skill: ConfiguredSkill, revision: Revision) -> Version:
        code = await self._registry.read(skill.path.name, revision)
        digest = await asyncio.to_thread(_digest, code)
        if skill.working is not None and skill.working.code_digest == digest:
            return skill.working
        return Version(await self._runtime.load(skill.path, code, self._limits), digest)

    def _retire(self, version: Version | None) -> None:
        if version is not None:
            version.retire(self._close)

    def _report(self, problem: str | None) -> None:
        if problem != self.problem:
            if problem is not None:
                logger.error("%s; the skills known so far stay in use", problem)
            else:
                logger.info('namespace "%s" can be read again', self.name)
        self.problem = problem

    def _not_found(self, name: str) -> str:
        known = self.skills[:_NAMES_COMPARED]
        similar = difflib.get_close_matches(name, known, n=1)
        text = f'namespace "{self.name}" has no skill "{name}"'
        if similar:
            text += f'; did you mean "{similar[0]}"?'
        elif self.problem:
            text += f"; {self.problem}"
        return text


def _status(skill: ConfiguredSkill) -> SkillStatus:
    return SkillStatus(
        skill.path.name,
        skill.state,
        skill.working.code_digest if skill.working else None,
        str(skill.failure) if skill.failure else None,
    )


def _digest(code: bytes) -> str:
    return f"sha256:{hashlib.sha256(code).hexdigest()}"
