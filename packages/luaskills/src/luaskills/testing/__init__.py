"""Testing skills: load one into an engine of its own, answer what it asks of its host, compare what comes.

In Python::

    host = FakeHost()
    host.answer_tool("weather", {"celsius": 3}, when={"city": "Berlin"})
    with SkillTester("skills/outfit", host=host) as skill:
        assert "coat" in skill.call("advise", {"city": "Berlin"}).content
    assert host.problems() == []

In YAML, run by ``luaskills test`` or by pytest::

    @pytest.mark.parametrize("case", cases_at("skills/outfit"), ids=str)
    def test_case(case: Case) -> None:
        run_case(case).check()
"""

from luaskills.testing.case import Case, CaseProblem, Expectation
from luaskills.testing.case_file import cases_at, read_cases
from luaskills.testing.fake_host import FakeHost, hash_vector
from luaskills.testing.host import HostCall, HostDouble
from luaskills.testing.recorded_host import RecordingHost, ReplayHost
from luaskills.testing.recording import RecordingProblem, read_recording, write_recording
from luaskills.testing.run import CaseResult, Settings, run_case
from luaskills.testing.tester import SkillTester

__all__ = [
    "Case",
    "CaseProblem",
    "CaseResult",
    "Expectation",
    "FakeHost",
    "HostCall",
    "HostDouble",
    "RecordingHost",
    "RecordingProblem",
    "ReplayHost",
    "Settings",
    "SkillTester",
    "cases_at",
    "hash_vector",
    "read_cases",
    "read_recording",
    "run_case",
    "write_recording",
]
