"""The skills of one namespace, kept equal to what its registry shows."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from opentelemetry.trace import NoOpTracer, Tracer

from pharia_kernel.errors import NamespaceInvalid, NothingToRollBack, SkillLoadError, SkillNotFound, SkillUnreachable
from pharia_kernel.runtimes.skill import InstancePolicy, Runtime, Skill, SkillLimits
from pharia_kernel.skills.configured import ConfiguredSkill, SkillState
from pharia_kernel.skills.described import DescribedRegistry
from pharia_kernel.skills.load_spans import COMPILE, DOWNLOAD, step, waiting_call
from pharia_kernel.skills.loads import LoadQueue
from pharia_kernel.skills.registry import (
    CodeUnavailable,
    CodeUnreachable,
    DescriptionInvalid,
    Listed,
    Listing,
    Registry,
    RegistryUnavailable,
    RevisionGone,
)
from pharia_kernel.skills.room import Room
from pharia_kernel.skills.status import NamespaceState, NamespaceStatus, SkillType, skill_status, skill_type
from pharia_kernel.skills.version import Lease, Version
from pharia_kernel.types import SkillPath

logger = logging.getLogger("pharia_kernel.skills")

_NAMES_COMPARED = 500
"""Looking for a similar name costs about 20 us per known name."""


def _now() -> datetime:
    return datetime.now(UTC)


LimitsOf = Callable[[SkillPath, InstancePolicy | None], SkillLimits]
"""What a skill may use; the second is what the description of its namespace says of its instances."""


@dataclass(frozen=True)
class Loading:
    """What all namespaces load with."""

    runtime: Runtime
    limits: LimitsOf
    queue: LoadQueue
    compiling: asyncio.Semaphore
    """Loads that compile at the same time; more may wait for their registry."""
    room: Room
    close: Callable[[Skill], None]
    now: Callable[[], datetime] = _now
    tracer: Tracer = field(default_factory=NoOpTracer)
    chance: Callable[[], float] = field(default=random.random)
    """At least 0, below 1; decides which version answers a call."""


class Namespace:
    def __init__(self, name: str, registry: Registry, loading: Loading) -> None:
        self.name = name
        self.problem: str | None = None
        self.failures = 0
        """Scans in a row that told nothing, or not everything."""
        self._state = NamespaceState.WORKING
        self._warnings: tuple[str, ...] = ()
        self._last_scan: datetime | None = None
        self._registry = registry
        self._look_for_calls = False
        self._loading = loading
        self._skills: dict[str, ConfiguredSkill] = {}
        self._scan_lock = asyncio.Lock()
        self._scans_begun = 0

    @property
    def skills(self) -> list[str]:
        return sorted(name for name, skill in self._skills.items() if skill.listed.shown)

    @property
    def cached(self) -> list[str]:
        return sorted(name for name, skill in self._skills.items() if skill.cached)

    def type_of(self, name: str) -> SkillType:
        return skill_type(self._skills[name])

    def status(self) -> NamespaceStatus:
        return NamespaceStatus(
            tuple(skill_status(self._skills[name]) for name in sorted(self._skills)),
            self.problem,
            self._state,
            self._warnings,
            self._last_scan,
        )

    def use(self, registry: Registry, look_for_calls: bool) -> None:
        """From the next scan on; what is known stays until then.

        ``look_for_calls``: a call of an unknown skill is worth a scan.
        """
        self._registry = registry
        self._look_for_calls = look_for_calls

    def broken(self, error: Exception) -> None:
        """Looking at it failed in a way that nobody thought of."""
        text = f'namespace "{self.name}": looking at it failed unexpectedly ({error!r})'
        self._report(text, NamespaceState.UNAVAILABLE)

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
                self._report(f'namespace "{self.name}": {error}', NamespaceState.UNAVAILABLE)
            except DescriptionInvalid as error:
                self._report(f'namespace "{self.name}": {error}', NamespaceState.INVALID)
                self._apply(Listing({}))
            else:
                if listing.problem is None:
                    self._report(None, NamespaceState.WORKING)
                else:
                    self._report(f'namespace "{self.name}": {listing.problem}', NamespaceState.UNAVAILABLE)
                self._apply(listing)
            self._last_scan = self._loading.now()

    async def lookup(self, name: str) -> Lease:
        """A working version, waiting for the first one; the caller bounds the wait."""
        if self._look_for_calls and name not in self._skills:
            await self.scan()
        while True:
            skill = self._called(name)
            if skill is None:
                raise self._unknown(name)
            if skill.working is not None:
                return Lease(skill.working, skill.warning or self.problem)
            if skill.failure is not None:
                failed = SkillUnreachable if isinstance(skill.failure, SkillUnreachable) else SkillLoadError
                raise failed(f"skill {skill.path} can not be loaded: {skill.failure}")
            skill.evicted = False
            skill.waiting_call = skill.waiting_call or waiting_call()
            self._load_if_due(skill)
            self._loading.queue.urge(skill.path)
            skill.waiting += 1
            try:
                await skill.change()
            finally:
                skill.waiting -= 1
                if not skill.waiting:
                    skill.waiting_call = None

    async def loaded(self) -> None:
        """Wait until every skill has a version or a failure."""
        for skill in list(self._skills.values()):
            while skill.state is SkillState.LOADING and not skill.removed:
                await skill.change()

    async def roll_back(self, name: str, digest: str | None) -> str:
        """Raises :class:`SkillNotFound` and :class:`NothingToRollBack`."""
        registry = self._with_versions(name)
        try:
            found = await registry.roll_back(name, digest)
        except (SkillLoadError, CodeUnavailable) as error:
            raise NothingToRollBack(f"skill {self.name}/{name} is not rolled back: {error}") from None
        await self.scan()
        return found

    async def release(self, name: str) -> bool:
        """Raises :class:`SkillNotFound` and :class:`NothingToRollBack`."""
        registry = self._with_versions(name)
        try:
            released = await registry.release(name)
        except SkillLoadError as error:
            raise NothingToRollBack(f"skill {self.name}/{name} was not rolled back: {error}") from None
        await self.scan()
        return released

    def _with_versions(self, name: str) -> DescribedRegistry:
        if name not in self._skills:
            raise self._unknown(name)
        if not isinstance(self._registry, DescribedRegistry):
            raise NothingToRollBack(f"skill {self.name}/{name} has no versions: it is a file of a watched directory")
        return self._registry

    def evict(self, name: str) -> bool:
        skill = self._skills.get(name)
        version = skill.evict() if skill and skill.listed.ready is None else None
        self._retire(version)
        return version is not None

    def close(self, *, withdrawn: bool) -> None:
        for skill in self._skills.values():
            self._retire(skill.remove(withdrawn=withdrawn))
        self._skills.clear()

    def _called(self, name: str) -> ConfiguredSkill | None:
        """What answers to the name: the skill, its canary for a part of the calls, or the version that is named."""
        skill = self._skills.get(name)
        if skill is None:
            bare, _, tag = name.rpartition("@") if "@" in name else name.rpartition(":")
            named = self._skills.get(bare)
            return named if named is not None and named.listed.tag == tag and named.listed.ready is None else None
        share = skill.listed.canary
        if share is not None and self._loading.chance() * 100 < share.percent:
            canary = self._skills.get(share.name)
            if canary is not None and canary.working is not None:  # one that does not work harms nobody
                return canary
        return skill

    def _apply(self, listing: Listing) -> None:
        self._warn(listing.warnings)
        for name in self._skills.keys() - listing.skills.keys():
            logger.info("skill %s/%s is gone", self.name, name)
            self._retire(self._skills.pop(name).remove(withdrawn=True))
        for name, listed in listing.skills.items():
            skill = self._skills.get(name)
            if skill is None:
                skill = self._skills[name] = ConfiguredSkill(SkillPath(self.name, name), listed)
            skill.see(listed)
            skill.bound(self._limits(skill))
            self._load_if_due(skill)

    def _load_if_due(self, skill: ConfiguredSkill) -> None:
        if not skill.due:
            return
        if skill.listed.ready is None:
            self._loading.queue.put(skill.path, partial(self._load, skill))
        else:
            with skill.load() as listed:
                self._serve(skill, Version(skill.listed.ready, str(listed.revision)))

    async def _load(self, skill: ConfiguredSkill) -> None:
        if not skill.due:
            return None
        if skill.working is None and not skill.waiting and self._loading.room.full:
            return skill.rest()
        registry = self._registry
        with skill.load() as listed:
            try:
                version = await self._version(skill, listed, registry)
            except RevisionGone:
                skill.retry()
            except CodeUnavailable as error:
                skill.retry()
                failed = SkillUnreachable if isinstance(error, CodeUnreachable) else SkillLoadError
                skill.fail(listed.revision, failed(str(error)))
            except SkillLoadError as error:
                skill.fail(listed.revision, error)
            except Exception as error:
                if registry is not self._registry:  # closed, because another one took its place
                    return skill.retry()
                logger.exception("loading skill %s", skill.path)
                text = f"loading failed unexpectedly ({error!r}); evict the skill to try again"
                skill.fail(listed.revision, SkillLoadError(text))
            else:
                self._serve(skill, version)

    async def _version(self, skill: ConfiguredSkill, listed: Listed, registry: Registry) -> Version:
        tracer = self._loading.tracer
        with step(tracer, DOWNLOAD, skill.waiting_call):
            code = await registry.read(skill.path.name, listed.revision)
        digest = await asyncio.to_thread(_digest, code)
        limits = self._limits(skill)
        if skill.working is not None and (skill.working.code_digest, skill.working.limits) == (digest, limits):
            return skill.working
        async with self._loading.compiling:
            with step(tracer, COMPILE, skill.waiting_call):
                loaded = await self._loading.runtime.load(skill.path, code, limits)
        return Version(loaded, digest, len(code), limits)

    def _limits(self, skill: ConfiguredSkill) -> SkillLimits:
        return self._loading.limits(skill.path, skill.listed.instances)

    def _serve(self, skill: ConfiguredSkill, version: Version) -> None:
        """Only now, loaded, it takes the place of the one before."""
        if skill.removed:
            self._retire(version)
            return
        self._retire(skill.succeed(version))
        self._loading.room.add(skill.path, version, partial(self._unload, skill))

    def _unload(self, skill: ConfiguredSkill) -> None:
        self._retire(skill.evict())

    def _retire(self, version: Version | None) -> None:
        if version is not None:
            self._loading.room.drop(version)
            version.retire(self._loading.close)

    def _report(self, problem: str | None, state: NamespaceState) -> None:
        self.failures = self.failures + 1 if state is NamespaceState.UNAVAILABLE else 0
        if problem != self.problem:
            if problem is None:
                logger.info('namespace "%s" can be read again', self.name)
            elif state is NamespaceState.INVALID:
                logger.error("%s; none of its skills is served until that is repaired", problem)
            else:
                logger.error("%s; the skills known so far stay in use", problem)
        self.problem, self._state = problem, state

    def _warn(self, warnings: tuple[str, ...]) -> None:
        for warning in warnings:
            if warning not in self._warnings:
                logger.warning('namespace "%s": %s', self.name, warning)
        self._warnings = warnings

    def _unknown(self, name: str) -> Exception:
        if self._state is NamespaceState.INVALID:
            return NamespaceInvalid(f"{self.problem} (its skills are served again as soon as that is repaired)")
        return SkillNotFound(self._not_found(name))

    def _not_found(self, name: str) -> str:
        known = self.skills[:_NAMES_COMPARED]
        similar = difflib.get_close_matches(name, known, n=1)
        text = f'namespace "{self.name}" has no skill "{name}"'
        if similar:
            text += f'; did you mean "{similar[0]}"?'
        elif self.problem:
            text += f"; {self.problem}"
        return text


def _digest(code: bytes) -> str:
    return f"sha256:{hashlib.sha256(code).hexdigest()}"
