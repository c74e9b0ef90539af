"""What management answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from luaskills.management.install_record import Source
from luaskills.types import Json


class ApplyStatus(str, Enum):
    """How an installation or update ended."""

    INSTALLED = "installed"
    UPDATED = "updated"
    ALREADY_INSTALLED = "already_installed"
    UP_TO_DATE = "up_to_date"
    MISSING_SKILL = "missing_skill"


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The end of an installation or update that nothing refused."""

    skill_id: str
    status: ApplyStatus
    message: str
    version: str | None = None
    source: Source | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            "skill_id": self.skill_id,
            "status": self.status.value,
            "message": self.message,
            "version": self.version,
            "source_type": self.source.source_type.value if self.source else None,
            "source_locator": self.source.locator if self.source else None,
        }


@dataclass(frozen=True, slots=True)
class UninstallResult:
    """What went away; a database is retained whenever nobody asked for its removal, even where there is none."""

    skill_id: str
    skill_removed: bool
    sqlite_removed: bool
    lancedb_removed: bool
    sqlite_retained: bool
    lancedb_retained: bool

    def to_json(self) -> dict[str, Json]:
        flags = {
            "sqlite_removed": self.sqlite_removed,
            "lancedb_removed": self.lancedb_removed,
            "sqlite_retained": self.sqlite_retained,
            "lancedb_retained": self.lancedb_retained,
        }
        order = ("sqlite_removed", "sqlite_retained", "lancedb_removed", "lancedb_retained")
        told = " ".join(f"{name}={str(flags[name]).lower()}" for name in order)
        return {
            "skill_id": self.skill_id,
            "skill_removed": self.skill_removed,
            **flags,
            "message": f"skill package removed={str(self.skill_removed).lower()} {told}",
        }
