"""``pharia-kernel keys``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pharia_kernel.access.keys import FileKeys, read_keys
from pharia_kernel.cli import app
from pharia_kernel.types import Action, Rights


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[access]\nkeys-file = "keys.toml"\n')
    return tmp_path / "keys.toml"


def keys(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words], env={"COLUMNS": "200"})


async def test_the_printed_token_works(file: Path) -> None:
    result = keys("new", "ci of team a", "-n", "team-a", "-n", "team-b", "--expires", "90d")
    assert result.exit_code == 0
    token = result.stdout.strip()
    async with FileKeys(file) as known:
        identity = await known.identify(token)
    both = frozenset({Action.RUN, Action.CSI})
    assert identity.rights == Rights({"team-a": both, "team-b": both})
    (key,) = read_keys(file)
    assert key.expires is not None
    assert (key.expires - key.created).days == 90
    assert token not in result.stderr
    assert key.id in result.stderr


def test_what_it_allows_is_chosen(file: Path) -> None:
    assert keys("new", "operator", "-n", "*", "-a", "admin").exit_code == 0
    (key,) = read_keys(file)
    assert (key.namespaces, key.actions, key.expires) == (("*",), (Action.ADMIN,), None)


def test_the_list_shows_keys_and_no_secrets(file: Path) -> None:
    token = keys("new", "[red]first", "-n", "dev").stdout.strip()
    keys("new", "second", "-n", "dev", "--expires", "1ms")
    shown = keys("list").stdout
    for key in read_keys(file):
        assert key.id in shown
        assert key.hash not in shown
    assert "[red]first" in shown
    assert "(expired)" in shown
    assert token not in shown


def test_a_revoked_key_is_gone(file: Path) -> None:
    keys("new", "first", "-n", "dev")
    keys("new", "second", "-n", "dev")
    first, second = read_keys(file)
    assert keys("revoke", first.id).exit_code == 0
    assert read_keys(file) == (second,)
    again = keys("revoke", first.id)
    assert (again.exit_code, again.stderr) == (
        1,
        f"Error: API keys keys.toml: there is no key {first.id} (pharia-kernel keys list shows them)\n",
    )


def test_another_file_can_be_given(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "sub" / "other.toml"
    assert keys("new", "x", "-n", "dev", "--file", str(other)).exit_code == 0
    assert len(read_keys(other)) == 1
    assert not file.exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["new", "x", "-n", "Not_A_Name"], "Invalid namespace"),
        (["new", "x\n", "-n", "dev"], "printable"),
        (["new", "", "-n", "dev"], "printable"),
        (["new", "x", "-n", "dev", "--expires", "soon"], "--expires: not a duration"),
        (["list"], "No such file"),
    ],
)
def test_mistakes_are_explained(file: Path, words: list[str], reason: str) -> None:
    result = keys(*words)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert not file.exists()


def test_a_file_must_be_known(file: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    assert "Set ACCESS__KEYS_FILE, or give it with --file" in keys("list").stderr


def test_other_machines_are_not_served_by_accident(file: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    result = CliRunner().invoke(app, ["--address", "0.0.0.0:0"])
    assert result.exit_code == 1
    assert "other machines could call every skill" in result.stderr


def test_running_a_skill_on_the_command_line_needs_no_key(file: Path) -> None:
    keys("new", "x", "-n", "dev")
    result = CliRunner().invoke(
        app, ["run", "--stream", "test-beta/hello"], env={"INFERENCE": "none", "XDG_CACHE_HOME": str(file.parent)}
    )
    assert (result.exit_code, result.stdout.count("append")) == (0, 5)
