"""What those who operate a kernel see of a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from pharia_kernel.skills.configured import ConfiguredSkill, SkillState

SkillType = Literal["chat", "programmable"]


class NamespaceState(str, Enum):
    WORKING = "working"
    UNAVAILABLE = "unavailable"
    """Something could not be looked up; what was known before stays in use."""
    INVALID = "invalid"
    """Its description can not be used; none of its skills is served."""


@dataclass(frozen=True, slots=True)
class SkillStatus:
    name: str
    state: SkillState
    digest: str | None
    """Of the version that answers."""
    problem: str | None
    type: SkillType = "programmable"
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class NamespaceStatus:
    skills: tuple[SkillStatus, ...]
    problem: str | None
    """Why the registry can not be read; the last known skills stay in use meanwhile."""
    state: NamespaceState = NamespaceState.WORKING
    warnings: tuple[str, ...] = ()
    """What whoever wrote the namespace should change."""
    last_scan: datetime | None = None
    """When it was looked at last."""


def skill_type(skill: ConfiguredSkill) -> SkillType:
    return "programmable" if skill.listed.ready is None else "chat"


def skill_status(skill: ConfiguredSkill) -> SkillStatus:
    return SkillStatus(
        skill.path.name,
        skill.state,
        skill.working.code_digest if skill.working else None,
        str(skill.failure) if skill.failure else skill.listed.problem,
        skill_type(skill),
        skill.listed.tag,
    )
