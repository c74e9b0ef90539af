"""The command line: what it prints and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharia_skill.builder import Built, SkillType
from pharia_skill.cli import app, run_componentize_py
from pharia_skill.errors import IsMessageStream, NoHttpError

Write = Callable[..., Path]
STREAM = "from pharia_skill import message_stream\n@message_stream\ndef a(csi, writer, input: str): ...\n"
SKILL = "from pharia_skill import skill\n@skill\ndef a(csi, input: str) -> str: return input\n"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.mark.parametrize(
    ("text", "code"),
    [("x = 1", "no-skill"), ("def (:", "skill-import-failed"), (SKILL + SKILL, "several-skills")],
)
def test_a_mistake_is_a_short_panel_and_status_1(
    text: str, code: str, runner: CliRunner, scratch_module: Write
) -> None:
    result = runner.invoke(app, ["build", str(scratch_module(text))])
    assert result.exit_code == 1
    assert f"Build failed ({code})" in result.output
    assert len(result.output.splitlines()) < 10
    assert "Traceback" not in result.output


def test_a_missing_file_is_named(runner: CliRunner) -> None:
    result = runner.invoke(app, ["build", "no_such_skill.py", "--no-interactive"])
    assert result.exit_code == 1
    assert "there is no file no_such_skill.py" in result.output


def test_one_output_can_not_take_two_skills(runner: CliRunner) -> None:
    result = runner.invoke(app, ["build", "a", "b", "-o", "c.wasm"])
    assert result.exit_code == 1
    assert "--output-dir" in result.output


def test_every_option_reaches_the_build(runner: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[object, ...]] = []

    def record(target: str, output: Path | None, **options: object) -> Built:
        calls.append((target, output, options))
        return Built(Path("x.wasm"), SkillType.SKILL, 2 << 20, 1.5, unchanged=False)

    monkeypatch.setattr("pharia_skill.cli.build.build_component", record)
    options = ["--wit", "0.3", "--skill-type", "message-stream-skill", "-p", "src", "--unstable", "--force"]
    result = runner.invoke(
        app, ["build", "poems.a", "b.py", "--output-dir", str(tmp_path), *options, "--no-interactive"]
    )

    assert result.exit_code == 0
    assert "x.wasm: skill, 2.0 MiB, built in 1.5 s" in result.output
    assert [(target, output) for target, output, _ in calls] == [
        ("poems.a", tmp_path / "a.wasm"),
        ("b.py", tmp_path / "b.wasm"),
    ]
    assert calls[0][2] == {
        "wit": "0.3",
        "kind": SkillType.MESSAGE_STREAM_SKILL,
        "source_paths": [Path("src")],
        "unstable": True,
        "force": True,
    }


def test_a_stream_skill_built_as_a_function_is_told_apart(scratch_module: Write, tmp_path: Path) -> None:
    path = scratch_module(STREAM)
    with pytest.raises(IsMessageStream, match="is a skill of type message-stream-skill, not skill"):
        run_componentize_py(str(path), str(tmp_path / "x.wasm"), False, SkillType.SKILL, [])
    assert not (tmp_path / "x.wasm").exists()


def test_a_skill_that_wants_the_network_is_told_so(scratch_module: Write, runner: CliRunner, tmp_path: Path) -> None:
    scratch_module("import zlib", "requests/__init__.py")
    path = scratch_module("import requests\n" + SKILL)
    result = runner.invoke(app, ["build", str(path), "-o", str(tmp_path / "x.wasm")])
    assert result.exit_code == 1
    assert NoHttpError.code in result.output
    assert "`requests` talks to the network" in result.output
