"""What ``pharia-kernel config check`` finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from doubles.description_server import DescriptionServer, description_server
from doubles.oci_image import skill_image
from doubles.scripted_registry import ScriptedRegistry, scripted_registry
from pharia_kernel.cli import app
from pharia_kernel.cli.config_check import problems_of, problems_online
from pharia_kernel.config import Settings, load_settings


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, toml: str = "", **environ: str) -> Result:
        (tmp_path / "config.toml").write_text(toml)
        return CliRunner().invoke(app, list(arguments), env={"HOME": str(tmp_path), **environ})

    return run


def settings_of(folder: Path, toml: str) -> Settings:
    (folder / "config.toml").write_text(toml)
    return load_settings(directory=folder, environ={"HOME": str(folder)})


def test_settings_without_problems_say_so(call: Any, tmp_path: Path) -> None:
    (tmp_path / "skills").mkdir()
    result = call("config", "check", toml='[namespaces.dev]\ndirectory = "skills"')
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Nothing is wrong with the settings (namespaces: dev)\n"


def test_every_problem_of_reading_is_shown(call: Any) -> None:
    toml = 'typo = 1\nlog-level = "loud"\n[namespaces.dev]\nskills = []'
    result = call("config", "check", toml=toml, LIMITS__MEMORY_BYTES="many")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert [line.startswith("Problem: ") for line in lines] == [True] * 4 + [False]
    assert lines[-1] == "4 problems"


def test_every_problem_of_starting_is_shown(call: Any, tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text('skills = [{ type = "chat", name = "desk" }]\ntypo = 1')
    toml = """
    kernel-address = "0.0.0.0:8081"
    document-index = "remote"
    [access]
    mode = "keys"
    keys-file = "no-keys.toml"
    [namespaces.a]
    directory = "nowhere"
    native-tools = ["multiply"]
    [namespaces.b]
    config-url = "file://team.toml"
    path = "nowhere-else"
    [namespaces.c]
    config-url = "file://no-team.toml"
    registry = "ghcr.example.org"
    registry-ca-file = "no-ca.pem"
    public-key = "no-key.pem"
    """
    result = call("config", "check", toml=toml)
    assert result.exit_code == 1
    for part in (
        "DOCUMENT_INDEX_URL",
        "no-keys.toml is not a file",
        "namespaces.a.directory: nowhere is not a directory",
        "no native tool 'multiply'",
        "namespaces.b.config-url: team.toml: skills[0] of the namespace's description: version is missing",
        "namespaces.b.config-url: team.toml: typo: no such key",
        "namespaces.b.path: nowhere-else is not a directory",
        "namespaces.c.config-url: no-team.toml",
        "namespaces.c.registry-ca-file: no-ca.pem is not a file",
        "namespaces.c.public-key: no-key.pem can not be read",
    ):
        assert part in result.stderr, part
    assert result.stderr.splitlines()[-1] == "10 problems"


def test_an_address_for_everybody_without_access_control_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(settings_of(tmp_path, 'kernel-address = "0.0.0.0:8081"'))
    assert "other machines could call every skill" in problem


def test_warnings_are_no_problems(call: Any) -> None:
    result = call("config", "check", toml="use-pooling-allocator = true")
    assert result.exit_code == 0
    assert "Warning: use-pooling-allocator" in result.stderr


def test_the_options_of_showing_hold_for_checking(call: Any, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("typo = 1")
    for arguments in (["config", "check", "--config", "other.toml"], ["config", "--config", "other.toml", "check"]):
        assert "typo" in call(*arguments).stderr


@pytest.fixture
async def server() -> AsyncIterator[DescriptionServer]:
    async with description_server() as running:
        yield running


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as running:
        running.put("haiku:latest", skill_image(b"one"))
        yield running


async def test_online_the_others_are_asked(
    tmp_path: Path, server: DescriptionServer, registry: ScriptedRegistry
) -> None:
    server.text = 'skills = [{ name = "haiku" }, { name = "poem" }]'
    toml = f"""
    openai-inference = {{ url = "{server.url}", token = "" }}
    [namespaces.a]
    config-url = "{server.url}"
    registry = "{registry.host}"
    """
    (problem,) = await problems_online(settings_of(tmp_path, toml))
    assert problem.startswith('namespace "a": ')
    assert "poem:latest not found" in problem
    server.status = 404
    (problem,) = await problems_online(settings_of(tmp_path, toml))
    assert "answered 404 instead of a document" in problem


async def test_online_what_is_not_there_is_named(tmp_path: Path) -> None:
    toml = 'inference-url = "http://127.0.0.1:1"\n[namespaces.a]\ndirectory = "nowhere"'
    problems = await problems_online(settings_of(tmp_path, toml))
    assert len(problems) == 2
    assert "nowhere can not be read" in problems[0]
    assert problems[1].startswith("inference-url: http://127.0.0.1:1 can not be reached")
