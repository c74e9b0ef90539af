"""A namespace whose description and images are what the test says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.described import DescribedRegistry
from pharia_kernel.skills.description import Description, ProgrammableEntry
from pharia_kernel.skills.registry import CodeUnavailable, RegistryUnavailable


@dataclass
class ScriptedDescription:
    given: Description | Exception = field(default_factory=Description)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reads: int = 0
    open: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def __aenter__(self) -> ScriptedDescription:
        self.open += 1
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open -= 1

    async def read(self) -> Description:
        self.reads += 1
        await self.gate.wait()
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


@dataclass
class ScriptedImages:
    """Codes by digest, digests by ``NAME:TAG``."""

    codes: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    problem: str | None = None
    away: str | None = None
    """Why nothing can be resolved."""
    reads: list[str] = field(default_factory=list)
    resolves: list[str] = field(default_factory=list)
    hanging: bool = False
    open: int = 0

    async def __aenter__(self) -> ScriptedImages:
        self.open += 1
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open -= 1

    def put(self, reference: str, code: bytes) -> str:
        digest = f"digest-of-{code.decode()}"
        self.codes[digest], self.tags[reference] = code, digest
        return digest

    async def resolve(self, name: str, tag: str) -> str:
        self.resolves.append(f"{name}:{tag}")
        if self.away is not None:
            raise RegistryUnavailable(self.away)
        if tag.startswith("sha256:"):
            return tag
        if "!" in name:
            raise SkillLoadError(f"{name} can not be in a registry")
        try:
            return self.tags[f"{name}:{tag}"]
        except KeyError:
            raise CodeUnavailable(f"{name}:{tag} not found in registry") from None

    async def read(self, name: str, digest: str) -> bytes:
        self.reads.append(f"{name}@{digest}")
        if self.hanging:
            await asyncio.Event().wait()
        try:
            return self.codes[digest]
        except KeyError:
            raise CodeUnavailable(f"{name}@{digest} can not be pulled") from None


class DescribedNamespace:
    def __init__(self) -> None:
        self.description = ScriptedDescription()
        self.images = ScriptedImages()
        self.told: list[Description] = []

    def describe(self, *names: str, **changes: object) -> None:
        """``NAME`` or ``NAME:TAG``; changes are members of the description."""
        entries = [name.partition(":") for name in names]
        skills = tuple(ProgrammableEntry(name=name, tag=tag or "latest") for name, _, tag in entries)
        self.description.given = Description(skills, **changes)  # type: ignore[arg-type]

    def registry(self) -> DescribedRegistry:
        return DescribedRegistry(self.description, self.images, on_change=self.told.append)
