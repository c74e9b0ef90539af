"""Running cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from luaskills.engine.results import measure
from luaskills.errors import EngineError
from luaskills.testing.case import Case
from luaskills.testing.case_answers import fake_host
from luaskills.testing.expectation import Outcome, differences
from luaskills.testing.host import Callback, HostDouble
from luaskills.testing.recorded_host import RecordingHost, ReplayHost
from luaskills.testing.recording import read_recording, write_recording
from luaskills.testing.tester import TIME_LIMIT_MS, SkillTester
from luaskills.types import CallResult, Flavour, Profile


@dataclass(frozen=True, slots=True)
class Settings:
    """How cases run. With ``record``, cases that name a recording ask the callbacks in it and write the file."""

    profile: Profile = Profile.STANDARD
    flavour: Flavour = Flavour.LUAJIT
    time_limit_ms: int = TIME_LIMIT_MS
    allow_download: bool = False
    record: Mapping[str, Callback] | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case; ``problems`` is empty when it passed."""

    case: Case
    problems: tuple[str, ...]
    log: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return not self.problems

    def check(self) -> None:
        """Raises AssertionError with everything that is wrong, for use in pytest."""
        if self.problems:
            raise AssertionError(f"{self.case.file}:{self.case.line}: {self.case.name}\n" + "\n".join(self.problems))


def run_case(case: Case, settings: Settings | None = None) -> CaseResult:
    """Load the package, make the call, compare. Failures of the skill and of its host are in the result."""
    settings = settings or Settings()
    log: list[str] = []
    try:
        host = _host(case, settings)
        with SkillTester(
            case.package,
            host=host,
            beside=case.beside,
            config=case.config,
            profile=case.profile or settings.profile,
            flavour=settings.flavour,
            time_limit_ms=settings.time_limit_ms,
            allow_download=settings.allow_download,
        ) as skill:
            log = skill.log
            outcome = _outcome(case, skill)
    except (EngineError, OSError) as error:
        return CaseResult(case, (str(error),), tuple(log))
    problems = [*differences(case.expect, outcome), *host.problems()]
    if isinstance(host, RecordingHost) and case.recording is not None:
        write_recording(case.recording, host.calls)
    return CaseResult(case, tuple(problems), tuple(log))


def _host(case: Case, settings: Settings) -> HostDouble:
    if case.recording is None:
        return fake_host(case.answers)
    if settings.record is not None:
        return RecordingHost(settings.record)
    return ReplayHost(read_recording(case.recording))


def _outcome(case: Case, skill: SkillTester) -> Outcome:
    result, error = None, None
    try:
        if case.entry is not None:
            result = skill.call(case.entry, case.args, context=case.context)
        else:
            content = skill.help(case.help or "main")
            result = CallResult(content, None, None, *measure(content))
    except EngineError as raised:
        error = str(raised)
    return Outcome(result, error, skill.host.calls, skill.config(), skill.log)
