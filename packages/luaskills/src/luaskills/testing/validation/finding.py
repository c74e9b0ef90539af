"""What a check of a package found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from luaskills.types import Json


class Level(str, Enum):
    """An error keeps the package, or a part of it, from working; a warning is probably not meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem and where it stands; ``line`` counts from 1."""

    file: Path
    line: int
    level: Level
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.level.value}: {self.message}"

    def to_json(self) -> dict[str, Json]:
        return {"file": str(self.file), "line": self.line, "level": self.level.value, "message": self.message}


@dataclass(slots=True)
class Findings:
    """Collects them, each once."""

    found: list[Finding] = field(default_factory=list)

    def error(self, file: Path, line: int, message: str) -> None:
        self._add(Finding(file, line, Level.ERROR, message))

    def warning(self, file: Path, line: int, message: str) -> None:
        self._add(Finding(file, line, Level.WARNING, message))

    def says(self, message: str) -> bool:
        """Whether this was found anywhere."""
        return any(finding.message == message for finding in self.found)

    def sorted(self) -> list[Finding]:
        return sorted(self.found, key=lambda finding: (str(finding.file), finding.line, finding.level.value))

    def _add(self, finding: Finding) -> None:
        if finding not in self.found:
            self.found.append(finding)
