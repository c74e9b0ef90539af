from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pharia_kernel.cli import app

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command in an empty directory, with nothing in its environment."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, input: str = "", **environ: str) -> Result:
        return CliRunner().invoke(app, arguments, input=input, env={"XDG_CACHE_HOME": str(tmp_path), **environ})

    return invoke


def test_the_version_is_shown(call: Call) -> None:
    result = call("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("pharia-kernel 0.")


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["run"], ["serve", "extra"]])
def test_wrong_usage_is_exit_code_2(call: Call, arguments: list[str]) -> None:
    assert call(*arguments).exit_code == 2


def test_a_skill_has_a_namespace(call: Call) -> None:
    result = call("run", "no_namespace/x", "1")
    assert result.exit_code == 2
    assert "Invalid namespace" in result.stderr


def test_settings_are_shown_with_their_sources(call: Call) -> None:
    result = call("config", "--address", "127.0.0.1:1", LOG_LEVEL="warn")
    assert result.exit_code == 0
    assert 'kernel-address = "127.0.0.1:1"' in result.stdout
    assert "# --address" in result.stdout
    assert "# environment LOG_LEVEL" in result.stdout


def test_the_file_can_be_named_before_and_after_the_command(call: Call, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('log-level = "error"')
    for arguments in (["config", "--config", "other.toml"], ["--config", "other.toml", "config"]):
        assert '"error"' in call(*arguments).stdout


def test_warnings_are_shown(call: Call) -> None:
    warning = "Warning: use-pooling-allocator (environment USE_POOLING_ALLOCATOR) has no effect yet"
    assert warning in call("config", USE_POOLING_ALLOCATOR="true").stderr


@pytest.mark.parametrize("arguments", [[], ["serve"], ["config"], ["run", "test-beta/hello"]])
def test_a_wrong_setting_is_one_clear_text(call: Call, arguments: list[str]) -> None:
    result = call(*arguments, LOG_LEVEL="loud")
    assert result.exit_code == 1
    assert result.stderr.startswith('Error: log-level = "loud" (environment LOG_LEVEL): ')
    assert result.stdout == ""
