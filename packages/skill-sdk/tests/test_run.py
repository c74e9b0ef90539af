"""``pharia-skill run`` of sources, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from doubles.csi_server import Answer, CsiServer
from pharia_skill.cli import app

Write = Callable[..., Path]

SKILL = '''
from pydantic import BaseModel
from pharia_skill import CompletionParams, Csi, skill


class Input(BaseModel):
    topic: str


@skill
def poem(csi: Csi, input: Input) -> dict[str, str]:
    """Writes."""
    return {"text": csi.complete("model", f"About {input.topic}", CompletionParams(max_tokens=9)).text}
'''
STREAM = """
from pharia_skill import Csi, MessageWriter, message_stream


@message_stream
def poem(csi: Csi, writer: MessageWriter[None], topic: str) -> None:
    writer.begin_message("assistant")
    writer.append_to_reasoning("hm")
    writer.append_to_message(f'ä "{topic}"')
    writer.end_message()
"""


@pytest.fixture(autouse=True)
def _imports() -> Iterator[None]:
    """Every test imports a module of its own, called the same."""
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if not name.startswith(("pharia_skill", "opentelemetry", "requests", "urllib3", "google")):
            del sys.modules[name]


def run(*arguments: Any, input: str | None = None, **environment: str | None) -> Result:
    return CliRunner().invoke(app, ["run", *map(str, arguments)], input=input, env=environment)


def test_a_function_answers_as_json(scratch_module: Write) -> None:
    result = run(scratch_module(SKILL), '{"topic": "tea"}', "--stub")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"text": "About tea"})


def test_a_stream_prints_a_line_per_event(scratch_module: Write) -> None:
    result = run(scratch_module(STREAM), '"tea"', "--stub")
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"event": "message", "data": {"type": "begin"}},
        {"event": "reasoning", "data": {"type": "reasoning", "text": "hm"}},
        {"event": "message", "data": {"type": "append", "text": 'ä "tea"'}},
        {"event": "message", "data": {"type": "end", "payload": None}},
    ]


def test_the_input_comes_from_a_file_or_from_standard_input(scratch_module: Write, tmp_path: Path) -> None:
    path = scratch_module(SKILL)
    (tmp_path / "input.json").write_text('{"topic": "a file"}')
    assert "a file" in run(path, f"@{tmp_path / 'input.json'}", "--stub").stdout
    assert "a pipe" in run(path, "-", "--stub", input='{"topic": "a pipe"}').stdout


def test_a_running_kernel_answers_what_the_skill_asks(scratch_module: Write) -> None:
    usage = {"prompt": 1, "completion": 1}
    answer = [{"text": "from the kernel", "finish_reason": "stop", "logprobs": [], "usage": usage}]
    with CsiServer() as server:
        server.answer("/csi/v1/complete", Answer(answer))
        by_option = run(scratch_module(SKILL), '{"topic": "tea"}', "--kernel", server.address)
        by_variable = run(scratch_module(SKILL), '{"topic": "tea"}', PHARIA_KERNEL_ADDRESS=server.address)
    assert json.loads(by_option.stdout) == json.loads(by_variable.stdout) == {"text": "from the kernel"}
    assert [asked.json[0]["prompt"] for asked in server.asked] == ["About tea"] * 2


@pytest.mark.parametrize(
    ("text", "input", "said"),
    [
        (SKILL, '{"topic": 1}', "topic: Input should be a valid string"),
        (SKILL, "{topic}", "the input is not JSON"),
        (SKILL, "@nowhere.json", "the input @nowhere.json can not be read: No such file"),
        (SKILL.replace("return ", "1 / 0; return "), '{"topic": "tea"}', "ZeroDivisionError: division by zero"),
        (SKILL.replace("return ", "return 3  #"), '{"topic": "tea"}', "PydanticSerializationUnexpectedValue"),
        ("def (:", "1", "SyntaxError"),
        ("x = 1", "1", "has no function decorated with @skill or @message_stream"),
        ("import nowhere_at_all", "1", "No module named 'nowhere_at_all'"),
        ("raise SystemExit(3)", "1", "SystemExit: 3"),
        (STREAM.replace("writer.begin", "1 or writer.begin"), '"x"', "The first item must be a `MessageBegin`"),
    ],
)
def test_what_goes_wrong_is_said_without_the_inside(text: str, input: str, said: str, scratch_module: Write) -> None:
    result = run(scratch_module(text), input, "--stub")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "pharia_skill/dev" not in result.stderr
    assert len(result.stderr.splitlines()) < 10


def test_one_of_several_skills_is_chosen_by_its_name(scratch_module: Write) -> None:
    second = '@skill(name="second")\ndef second(csi: Csi, input: str) -> str: return "2 " + input\n'
    path = scratch_module(SKILL + second)
    assert json.loads(run(f"{path}:second", '"x"', "--stub").stdout) == "2 x"
    assert json.loads(run(path, '{"topic": "x"}', "--stub").stdout) == {"text": "About x"}
    absent = run(f"{path}:third", '"x"', "--stub")
    assert (absent.exit_code, "has no skill `third`" in absent.stderr) == (1, True)


def test_without_a_kernel_the_way_out_is_named(scratch_module: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    path = scratch_module(SKILL)
    monkeypatch.chdir(path.parent)
    result = run(path, '{"topic": "tea"}', PATH="/nowhere", PHARIA_KERNEL_ADDRESS=None)
    assert result.exit_code == 1
    assert "pip install 'pharia-kernel[model]'" in result.stderr


def test_a_component_is_not_run_against_another_kernel(tmp_path: Path) -> None:
    result = run(tmp_path / "x.wasm", "1", "--kernel", "http://127.0.0.1:1")
    assert (result.exit_code, "a built component runs in a kernel of its own" in result.stderr) == (1, True)


def test_a_component_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = run(tmp_path / "x.wasm", "1")
    assert (result.exit_code, f"there is no file {tmp_path / 'x.wasm'}" in result.stderr) == (1, True)
