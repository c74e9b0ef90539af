"""A namespace whose skills are written down somewhere, and whose code is in a registry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from pharia_kernel.config.instances import InstanceSettings
from pharia_kernel.config.skill_entries import reference
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.chat import ChatSkill
from pharia_kernel.runtimes.skill import InstancePolicy
from pharia_kernel.skills.description import EMPTY, BrokenEntry, ChatEntry, Description, ProgrammableEntry
from pharia_kernel.skills.descriptions import DescriptionSource
from pharia_kernel.skills.package_images import PackageImages
from pharia_kernel.skills.registry import (
    CodeUnavailable,
    DescriptionInvalid,
    DescriptionUnavailable,
    Images,
    Listed,
    Listing,
    RegistryUnavailable,
    Revertible,
    Revision,
    Share,
)

_RESOLVED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One version of one image."""

    skill: str
    tag: str


class DescribedRegistry:
    """Implements :class:`~pharia_kernel.skills.registry.Registry`.

    What can not be looked up keeps the revision it had before. ``on_change`` is told about each new description, and
    about an empty one when the description has become invalid.
    """

    def __init__(
        self,
        source: DescriptionSource,
        images: Images,
        *,
        on_change: Callable[[Description], None] = lambda description: None,
    ) -> None:
        self._source = source
        self._images = images
        self._packages = PackageImages(images)
        self._on_change = on_change
        self._description: Description | None = None
        self._told: Description | None = None
        self._revisions: dict[_Wanted, Revision] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> DescribedRegistry:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._source)
            await stack.enter_async_context(self._images)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def scan(self) -> Listing:
        problem = None
        try:
            self._description = await self._source.read()
        except DescriptionUnavailable as error:
            problem = str(error)
            self._description = self._description or error.last
            if self._description is None:
                raise RegistryUnavailable(problem) from None
        except DescriptionInvalid:
            self._description, self._revisions, self._wanted = None, {}, {}
            self._tell(EMPTY)
            raise
        self._tell(self._description)
        skills, unavailable = await self._listed(self._description)
        return Listing(skills, problem or unavailable, self._description.warnings)

    async def read(self, name: str, revision: Revision) -> bytes:
        wanted = self._wanted.get(name)
        return await self._images.read(wanted.skill if wanted else name, str(revision))

    async def roll_back(self, name: str, digest: str | None) -> str:
        """As :meth:`~pharia_kernel.skills.registry.Revertible.roll_back`, for the tag that the skill has."""
        images, wanted = self._revertible(name)
        return await images.roll_back(wanted.skill, wanted.tag, digest)

    async def release(self, name: str) -> bool:
        images, wanted = self._revertible(name)
        return await images.release(wanted.skill, wanted.tag)

    def _revertible(self, name: str) -> tuple[Revertible, _Wanted]:
        wanted = self._wanted.get(name)
        if wanted is None or not isinstance(self._images, Revertible):
            raise SkillLoadError("it has no versions: it does not come from a registry")
        return self._images, wanted

    async def _listed(self, description: Description) -> tuple[dict[str, Listed], str | None]:
        """The skills, and why the registry can not say everything about them."""
        programmable = [entry for entry in description.skills if isinstance(entry, ProgrammableEntry)]
        found, unavailable = await self._resolved({one for entry in programmable for one in _versions(entry)})
        self._revisions = {one: listed.revision for one, listed in found.items() if listed.revision is not None}
        self._packages.keep(set(self._revisions.values()))
        skills: dict[str, Listed] = {}
        wanted: dict[str, _Wanted] = {}
        for entry in description.skills:
            if isinstance(entry, BrokenEntry):
                skills[entry.name] = Listed(None, problem=entry.problem)
            elif isinstance(entry, ChatEntry):
                skill = ChatSkill(entry.version, entry.model, entry.system_prompt)
                skills[entry.name] = Listed(skill.digest, ready=skill, tag=entry.version)
            else:
                for one in _versions(entry):
                    names = await self._names(entry, one, found[one])
                    skills |= _shown(entry, one.tag, found[one], names)
                    wanted |= dict.fromkeys((_called(entry, name, one.tag) for name in names), one)
        self._wanted = wanted
        return skills, unavailable

    async def _names(self, entry: ProgrammableEntry, wanted: _Wanted, listed: Listed) -> tuple[str, ...]:
        """Of the skills in an image."""
        if entry.type != "lua":
            return (wanted.skill,)
        return await self._packages.entries(wanted.skill, wanted.tag, listed.revision)

    async def _resolved(self, wanted: set[_Wanted]) -> tuple[dict[_Wanted, Listed], str | None]:
        places = asyncio.Semaphore(_RESOLVED_AT_ONCE)
        unavailable: list[str] = []

        async def resolve(one: _Wanted) -> Listed:
            known = self._revisions.get(one)
            async with places:
                if unavailable:  # asking for all of them would take as many deadlines
                    return Listed(known, problem=unavailable[0], unreachable=True, tag=one.tag)
                try:
                    return Listed(await self._images.resolve(one.skill, one.tag), tag=one.tag)
                except RegistryUnavailable as error:
                    unavailable.append(str(error))
                    return Listed(known, problem=str(error), unreachable=True, tag=one.tag)
                except (CodeUnavailable, SkillLoadError) as error:
                    return Listed(known, problem=str(error), tag=one.tag)

        ordered = sorted(wanted, key=lambda one: (one.skill, one.tag))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(resolve(one)) for one in ordered]
        found = {one: task.result() for one, task in zip(ordered, tasks, strict=True)}
        return found, unavailable[0] if unavailable else self._images.problem

    def _tell(self, description: Description) -> None:
        if description != self._told:
            self._told = description
            self._on_change(description)


def _versions(entry: ProgrammableEntry) -> list[_Wanted]:
    """The one that answers, then those that must be named."""
    further = (*entry.versions, *([entry.canary.tag] if entry.canary else []))
    return [_Wanted(entry.name, tag) for tag in dict.fromkeys((entry.tag, *further))]


def _called(entry: ProgrammableEntry, name: str, tag: str) -> str:
    """How callers name one version of a skill."""
    return name if tag == entry.tag else reference(name, tag)


def _shown(entry: ProgrammableEntry, tag: str, listed: Listed, names: tuple[str, ...]) -> dict[str, Listed]:
    """The skills of one version, by the names that call them."""
    main, canary = tag == entry.tag, entry.canary
    return {
        _called(entry, name, tag): Listed(
            listed.revision,
            problem=listed.problem,
            unreachable=listed.unreachable,
            tag=tag,
            shown=main,
            canary=Share(reference(name, canary.tag), canary.percent) if main and canary else None,
            instances=None if entry.instances is None else instance_policy(entry.instances),
        )
        for name in names
    }


def instance_policy(settings: InstanceSettings) -> InstancePolicy:
    return InstancePolicy(settings.reuse, settings.idle, settings.spare)
