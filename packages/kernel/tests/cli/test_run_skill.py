from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pharia_kernel.cli import app

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CACHE_HOME": str(tmp_path), "INFERENCE": "none"}

    def invoke(*arguments: str, input: str = "") -> Result:
        return CliRunner().invoke(app, ["run", *arguments], input=input, env=environ)

    return invoke


def test_a_stream_is_one_line_per_event(call: Call) -> None:
    result = call("test-beta/hello", "--stream")
    assert (result.exit_code, result.stderr) == (0, "")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0] == {"event": "message", "data": {"type": "begin"}}
    assert "".join(event["data"].get("text", "") for event in events) == "Hello"
    assert events[-1] == {"event": "message", "data": {"type": "end", "payload": None}}


def test_input_can_come_from_standard_input(call: Call) -> None:
    assert call("test-beta/hello", "-", "--stream", input='"Homer"').exit_code == 0
    assert call("test-beta/hello", "-", "--stream", input="Homer").exit_code == 1


def test_input_that_is_not_json_is_a_clear_error(call: Call) -> None:
    result = call("test-beta/hello", "Homer")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the input is not JSON: ")


@pytest.mark.parametrize("skill", ["dev/haiku", "test-beta/nobody", "test-beta/"])
def test_an_unknown_skill_is_a_clear_error(call: Call, skill: str) -> None:
    result = call(skill, "1")
    assert result.exit_code == 1
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_stream_is_found_out_and_its_failure_is_a_clear_error(call: Call) -> None:
    result = call("test-beta/saboteur", "1")
    assert result.exit_code == 1
    assert "Skill is a saboteur" in result.stderr
