"""What a runtime makes of a skill's code. The rest of the kernel does not know which runtime it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from pharia_kernel.csi.csi import Csi
from pharia_kernel.types import Output, SkillKind, SkillMetadata, SkillPath

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InstancePolicy:
    """How many calls an instance of a skill serves, and how many wait for calls."""

    reuse: int = 1
    """Calls of one instance, one after the other; with 1 every call has a fresh one and can not see another."""
    idle_seconds: float = 30.0
    """A used instance that waits longer for its next call is taken down."""
    spare: int | None = None
    """Fresh instances kept ready; None for as many as of every skill."""


Profile = Literal["locked", "standard", "trusted"]
"""What scripts may touch: nothing but their own folder; what the kernel's user may; beside that all of its memory."""


@dataclass(frozen=True, slots=True)
class ScriptPolicy:
    """Of skills that are scripts, where the runtime leaves a choice."""

    profile: Profile = "locked"
    model: str | None = None
    """Which model answers those that name none."""


@dataclass(frozen=True, slots=True)
class SkillLimits:
    """What one call of a skill may use."""

    memory_bytes: int = 512 * MIB
    output_bytes: int = 2_700_000
    """Answer of a function, or the sum of what a stream writes."""
    log_bytes: int = 64 * 1024
    """Of standard output and standard error together; the rest is dropped and counted."""
    open_streams: int = 64
    """Completion and chat streams open at the same time."""
    instances: InstancePolicy = InstancePolicy()
    script: ScriptPolicy = ScriptPolicy()


class Skill(Protocol):
    """A loaded skill; safe to call concurrently, every call in its own sandbox."""

    @property
    def kind(self) -> SkillKind: ...

    @property
    def digest(self) -> str:
        """``sha256:…`` of the code, or a fixed word for skills that are part of the kernel."""
        ...

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        """One call. ``input`` is JSON, checked by the caller.

        A function skill gives the bytes the skill answered (not checked). A stream skill writes to ``output`` and gives
        ``b""``. Raises :class:`~pharia_kernel.errors.SkillError` and the CSI's errors. Cancelling the awaiting task
        stops the guest and everything it opened before the cancellation is delivered.
        """
        ...

    async def metadata(self) -> SkillMetadata: ...

    async def aclose(self) -> None:
        """Give back compiled code once the calls in flight have ended."""
        ...


@runtime_checkable
class LessMemory(Protocol):
    """A skill whose single calls can have less memory than its limits say."""

    def with_memory(self, memory_bytes: int) -> Skill:
        """The same skill for such a call; only to be called, never to be closed."""
        ...


def within(skill: Skill, memory_bytes: int | None) -> Skill:
    """The skill for one call with at most so much memory, where that can be less than it has anyway."""
    if memory_bytes is None or not isinstance(skill, LessMemory):
        return skill
    return skill.with_memory(memory_bytes)


class Runtime(Protocol):
    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> Skill:
        """Make ``code`` runnable, off the event loop; raises :class:`~pharia_kernel.errors.SkillLoadError`."""
        ...
