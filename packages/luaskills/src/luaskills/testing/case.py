"""One test of a skill, as a case file says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from luaskills.errors import EngineError
from luaskills.testing.script import Answer, When
from luaskills.types import InvocationContext, Json


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """An answer a case prepares: ``name`` is the tool or the action."""

    kind: str
    """``host_tool``, ``llm``, ``embed``, ``sqlite`` or ``lancedb``."""
    name: str
    answer: Answer
    when: When = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come of a call; what is None is not looked at."""

    content: str | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: str | None = None
    json: Json = None
    has_json: bool = False
    overflow_mode: str | None = None
    template_hint: str | None = None
    host_result: Mapping[str, Json] | None = None
    error: str | None = None
    """Part of the text a call fails with; None when it must not fail."""
    config: Mapping[str, Json] | None = None
    calls: tuple[Mapping[str, Json], ...] | None = None
    printed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One call and what is expected of it."""

    name: str
    package: Path
    file: Path
    line: int
    entry: str | None = None
    help: str | None = None
    """The help node to render, where no entry is called."""
    args: Mapping[str, Json] = field(default_factory=dict)
    context: InvocationContext = field(default_factory=InvocationContext)
    config: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[Path, ...] = ()
    answers: tuple[ScriptedAnswer, ...] = ()
    recording: Path | None = None
    profile: str | None = None
    expect: Expectation = Expectation()

    def __str__(self) -> str:
        return f"{self.file.name}: {self.name}"


class CaseProblem(EngineError):
    """A case file is wrong."""

    code = "case_file"

    def __init__(self, file: Path, line: int, text: str) -> None:
        super().__init__(f"{file}:{line}: {text}")
        self.file, self.line, self.text = file, line, text
