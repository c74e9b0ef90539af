"""The command line: what it prints and how it ends."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharia_skill.builder import Built, SkillType
from pharia_skill.cli import (
    app,
    display_publish_suggestion,
    find_wasi_wheels_path,
    prompt_for_publish,
    run_componentize_py,
    setup_wasi_deps,
)
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
    calls: list[tuple[str, Path | None, dict[str, object]]] = []

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
    assert calls[0][2].pop("tell")
    assert calls[0][2] == {
        "wit": "0.3",
        "kind": SkillType.MESSAGE_STREAM_SKILL,
        "source_paths": [Path("src")],
        "unstable": True,
        "force": True,
    }


def test_what_was_not_built_anew_is_told(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, scratch_module: Write
) -> None:
    told = []
    for unchanged in (True, False):
        built = Built(Path("x.wasm"), SkillType.SKILL, 1 << 20, 0.1, unchanged, ("a.py line 1: late",), from_cache=True)
        monkeypatch.setattr("pharia_skill.cli.build.build_component", lambda *names, answer=built, **options: answer)
        told.append(runner.invoke(app, ["build", str(scratch_module(SKILL))]).output)
    assert "unchanged" in told[0]
    assert "from the build cache" in told[1]
    assert "warning: a.py line 1: late" in told[0]


def test_all_builds_every_skill_of_a_folder(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, scratch_module: Write, tmp_path: Path
) -> None:
    built = Built(Path("x.wasm"), SkillType.SKILL, 1 << 20, 0.1, unchanged=False)
    names: list[str] = []

    def record(target: str, output: Path | None, **options: object) -> Built:
        names.append(f"{Path(target).name} {output}")
        return built

    monkeypatch.setattr("pharia_skill.cli.build.build_component", record)
    scratch_module(SKILL, "project/haiku.py")
    scratch_module(SKILL + SKILL.replace("def a", "def b"), "project/two.py")
    result = runner.invoke(app, ["build", "--all", str(tmp_path / "project"), "--output-dir", "out"])
    assert result.exit_code == 0
    assert names == ["haiku.py out/haiku.wasm", "two.py:a out/a.wasm", "two.py:b out/b.wasm"]


def test_nothing_is_asked_without_a_terminal(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, scratch_module: Write
) -> None:
    built = Built(Path("x.wasm"), SkillType.SKILL, 1 << 20, 0.1, unchanged=False)
    monkeypatch.setattr("pharia_skill.cli.build.build_component", lambda *names, **options: built)
    monkeypatch.setattr("pharia_skill.cli.build.prompt_for_publish", lambda file: pytest.fail("asked"))
    assert runner.invoke(app, ["build", str(scratch_module(SKILL))]).exit_code == 0


def test_a_built_skill_is_published_when_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[tuple[str, str | None, str]] = []
    monkeypatch.setattr("pharia_skill.cli.after_build.publish_skill", lambda *what: published.append(what))
    for answers in ("y\nv1\npoem\n", "\n\n\n", "n\n", ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(answers))
        prompt_for_publish("out/haiku.wasm")
    assert published == [("out/haiku.wasm", "poem", "v1"), ("out/haiku.wasm", "haiku", "latest")]


def test_the_suggestion_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    display_publish_suggestion("./haiku.wasm")
    said = capsys.readouterr().err
    assert "Build Successful" in said
    assert "pharia-skill publish ./haiku.wasm" in said


def test_the_folder_for_the_plain_compiler_is_filled_and_renewed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wasi_deps" / "pydantic_core-2.14.5.dist-info").mkdir(parents=True)
    setup_wasi_deps()
    found = {path.name for path in (tmp_path / "wasi_deps").iterdir()}
    assert {"pydantic_core", "pydantic_core-2.33.2.dist-info", "typing_extensions.py"} <= found
    assert "pydantic_core-2.14.5.dist-info" not in found
    assert [path.name for path in tmp_path.iterdir()] == ["wasi_deps"]
    before = (tmp_path / "wasi_deps").stat().st_ino
    setup_wasi_deps()
    assert (tmp_path / "wasi_deps").stat().st_ino == before
    assert (find_wasi_wheels_path() / "pydantic_core").is_dir()


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
