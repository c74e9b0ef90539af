"""Traffic with a host, written down and answered from the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from luaskills.testing import (
    FakeHost,
    HostCall,
    RecordingHost,
    RecordingProblem,
    ReplayHost,
    SkillTester,
    read_recording,
    write_recording,
)

MakePackage = Callable[..., Path]
LUA = """
return function(args)
  local weather = vulcan.host.call("weather", { city = args.city, api_key = "s3cret" })
  local answer = vulcan.models.llm("You advise.", "It is " .. weather.celsius .. " degrees.")
  return answer.ok and answer.assistant or answer.error.code
end
"""


def real_host() -> FakeHost:
    host = FakeHost()
    host.answer_tool("weather", {"celsius": 3, "note": "first line\nsecond line"})
    host.answer_llm("Take a coat, Åse: brr €.")
    return host


def record(package: Path, file: Path) -> str:
    recording = RecordingHost(real_host().callbacks)
    with SkillTester(package, host=recording) as skill:
        content = skill.call("run", {"city": "Oslo"}).content
    write_recording(file, recording.calls)
    return content


def test_a_replay_answers_as_the_host_did(make_package: MakePackage, tmp_path: Path) -> None:
    package, file = make_package(LUA), tmp_path / "r.yaml"
    first = record(package, file)
    replay = ReplayHost(read_recording(file))
    with SkillTester(package, host=replay) as skill:
        assert skill.call("run", {"city": "Oslo"}).content == first == "Take a coat, Åse: brr €."
    assert replay.problems() == []


def test_the_file_can_be_read_and_holds_no_secrets(make_package: MakePackage, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    record(make_package(LUA), file)
    text = file.read_text("utf-8")
    assert "s3cret" not in text
    assert "api_key: '***'" in text
    assert "Take a coat, Åse: brr €." in text
    assert "note: |-\n" in text
    assert str(tmp_path) not in text


def test_a_request_that_differs_is_a_problem(make_package: MakePackage, tmp_path: Path) -> None:
    package, file = make_package(LUA), tmp_path / "r.yaml"
    record(package, file)
    replay = ReplayHost(read_recording(file))
    with SkillTester(package, host=replay) as skill, pytest.raises(Exception, match="nil"):
        skill.call("run", {"city": "Rome"})
    (problem,) = replay.problems()
    assert problem.startswith("request 1 is not the recorded one: the skill asked host_tool")
    assert "Rome" in problem
    assert "Oslo" in problem


def test_a_request_that_does_not_come_is_a_problem() -> None:
    replay = ReplayHost([HostCall("model_embed", {"text": "t"}, {"vector": [1], "dimensions": 1})])
    assert replay.problems() == ["recorded, but not asked: model_embed {'text': 't'}"]


def test_a_recorded_failure_fails_again(tmp_path: Path) -> None:
    write_recording(tmp_path / "r.yaml", [HostCall("model_llm", {"system": "s", "user": "u"}, error="too slow")])
    replay = ReplayHost(read_recording(tmp_path / "r.yaml"))
    with pytest.raises(RuntimeError, match="too slow"):
        replay.callbacks["model_llm"]({"system": "s", "user": "u", "caller": {}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "nothing is recorded in .*--record"),
        ("calls: []", "is no recording of format luaskills-recording/1"),
        ("format: luaskills-recording/1\ncalls: [{}]", "is no recording"),
        ("a: [", r"r.yaml:1: "),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "r.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RecordingProblem, match=message):
        read_recording(file)


def test_a_failure_while_writing_leaves_the_old_recording(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    write_recording(file, [HostCall("host_tool", {"tool_name": "a", "args": {}}, 1)])
    before = file.read_text()
    with pytest.raises(Exception, match="represent"):
        write_recording(file, [HostCall("host_tool", {"tool_name": "a", "args": {}}, object())])
    assert (file.read_text(), os.listdir(tmp_path)) == (before, ["r.yaml"])
