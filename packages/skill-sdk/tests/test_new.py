"""Projects out of templates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharia_skill.builder.kind import infer_kind
from pharia_skill.builder.target import find_target
from pharia_skill.cli import app
from pharia_skill.dev.template import module_name
from pharia_skill.errors import InvalidName

KINDS = {"--stream": "message-stream-skill", "--agent": "message-stream-skill", None: "skill"}


@pytest.mark.parametrize("option", KINDS, ids=lambda option: option or "function")
def test_a_new_project_has_a_skill_and_a_test_that_passes(option: str | None, tmp_path: Path) -> None:
    arguments = ["new", "news-summary", "--directory", str(tmp_path), *([option] if option else [])]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "pharia-skill dev news_summary.py" in result.output

    project = tmp_path / "news-summary"
    assert {path.name for path in tmp_path.iterdir()} == {"news-summary"}
    assert {path.name for path in project.iterdir()} == {
        ".gitignore",
        "README.md",
        "news_summary.py",
        "pyproject.toml",
        "test_news_summary.py",
    }
    assert not any("$" in path.read_text() for path in project.iterdir())
    assert infer_kind(find_target(str(project / "news_summary.py"), [])).value == KINDS[option]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "can not be the name of a skill"),
        ("Haiku", "can not be the name of a skill"),
        ("1st", "can not be the name of a skill"),
        ("a b", "can not be the name of a skill"),
        ("../up", "can not be the name of a skill"),
        ("-x", "can not be the name of a skill"),
        ("ha--iku", "can not be the name of a skill"),
        ("ä", "can not be the name of a skill"),
        ("h" * 65, "can not be the name of a skill"),
        ("class", "is a word of Python"),
        ("match", "is a word of Python"),
        ("json", "would hide the module `json`"),
        ("pharia-skill", "would hide the module `pharia_skill`"),
        ("test-it", "would hide the module `test_it`"),
    ],
)
def test_a_name_that_can_not_be_imported_is_refused(name: str, reason: str) -> None:
    with pytest.raises(InvalidName, match=reason):
        module_name(name)


@pytest.mark.parametrize("name", ["a", "haiku", "news-summary", "news_summary", "v2", "h" * 64])
def test_other_names_become_modules(name: str) -> None:
    assert module_name(name) == name.replace("-", "_")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "poem").mkdir()
    result = CliRunner().invoke(app, ["new", "poem", "--directory", str(tmp_path)])
    assert result.exit_code == 1
    assert "is already there" in result.output
    assert list((tmp_path / "poem").iterdir()) == []


def test_a_folder_that_can_not_be_made_is_an_error_of_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["new", "poem", "--directory", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert "No such file or directory" in result.output


def test_a_skill_is_of_one_kind(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["new", "poem", "--stream", "--agent", "--directory", str(tmp_path)])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []
