"""Where skill code comes from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pharia_kernel.runtimes.skill import InstancePolicy, Skill

if TYPE_CHECKING:
    from pharia_kernel.skills.description import Description

Revision = Hashable
"""Names one state of a skill's code without reading it: a file's stat, a manifest's digest."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a skill's calls that another version of it gets."""

    name: str
    """Under which the other version is listed."""
    percent: float


@dataclass(frozen=True, slots=True)
class Listed:
    """One skill as a scan saw it."""

    revision: Revision | None
    """None where it is not known; ``problem`` says why."""
    settled: bool = True
    """False while the code may still be on its way; a later scan says True for the same revision."""
    problem: str | None = None
    """Why the revision is not known, or not known to be the newest."""
    unreachable: bool = False
    """That is because nobody answers."""
    ready: Skill | None = None
    """A skill that is made of no code."""
    tag: str | None = None
    """By which the registry knows the revision."""
    shown: bool = True
    """False for what only those can call who know its name: a further version of a skill that is shown."""
    canary: Share | None = None
    instances: InstancePolicy | None = None
    """None where whoever wrote the namespace does not say."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All skills of a namespace as a scan saw them, by name."""

    skills: Mapping[str, Listed]
    problem: str | None = None
    """What could not be looked up this time; the rest of the listing holds."""
    warnings: tuple[str, ...] = ()
    """What whoever wrote the namespace should change."""


class RegistryUnavailable(Exception):
    """The registry can not say what it holds; the text says why and names the way out."""


class CodeUnavailable(Exception):
    """The code of one skill can not be read now; worth another try at the next scan."""


class CodeUnreachable(CodeUnavailable):
    """Whoever has the code does not answer."""


class RevisionGone(CodeUnavailable):
    """The code changed since the scan; the next scan sees the new revision."""


class DescriptionUnavailable(Exception):
    """The description of a namespace can not be had now; what is known of it holds."""

    def __init__(self, text: str, last: Description | None = None) -> None:
        super().__init__(text)
        self.last = last
        """What was there the last time, as far as that is known."""


class DescriptionInvalid(Exception):
    """The description of a namespace is not there or makes no sense; nothing of the namespace can be served."""


class Registry(Protocol):
    """The skills of one namespace, an async context manager.

    Both methods work off the event loop and end within a bounded time.
    """

    async def __aenter__(self) -> Registry: ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def scan(self) -> Listing:
        """Raises :class:`RegistryUnavailable` and :class:`DescriptionInvalid`."""
        ...

    async def read(self, name: str, revision: Revision) -> bytes:
        """The code of exactly this revision; ``name`` is one of the listing.

        Raises :class:`CodeUnavailable`, and :class:`~pharia_kernel.errors.SkillLoadError` where another try is useless.
        """
        ...


@runtime_checkable
class Revertible(Protocol):
    """What remembers which revisions a tag stood for."""

    async def roll_back(self, name: str, tag: str, digest: str | None = None) -> str:
        """From now on the tag stands for ``digest``, or for what it stood for before, in every process; that digest.

        Raises :class:`~pharia_kernel.errors.SkillLoadError` where there is nothing to go back to, and
        :class:`CodeUnavailable` where that can not be had.
        """
        ...

    async def release(self, name: str, tag: str) -> bool:
        """The tag stands again for what the registry says; whether it was rolled back."""
        ...


class Images(Protocol):
    """Skill code by name and tag, an async context manager; every method ends within a bounded time."""

    async def __aenter__(self) -> Images: ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    @property
    def problem(self) -> str | None:
        """Why what was resolved last may not be the newest."""
        ...

    async def resolve(self, name: str, tag: str) -> str:
        """What the tag means now, as a word for :meth:`read`.

        Raises :class:`RegistryUnavailable` where nobody can say, :class:`CodeUnavailable` where there is no such tag,
        and :class:`~pharia_kernel.errors.SkillLoadError` for what can not be a name or a tag.
        """
        ...

    async def read(self, name: str, digest: str) -> bytes:
        """As :meth:`Registry.read`."""
        ...
