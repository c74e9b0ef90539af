"""The page about access says what the code has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pharia_kernel import errors
from pharia_kernel.access.audit import decided
from pharia_kernel.api.guard import OPEN, needed
from pharia_kernel.cli.app import app
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.access import AccessSettings
from pharia_kernel.types import Action, Caller

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text()


def table(heading: str) -> list[list[str]]:
    section = PAGE.split(f"# {heading}\n")[1].split("\n## ")[0]
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")][2:]


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_kind_of_access_control_is_documented() -> None:
    assert {mode for row in table("Access") for mode in quoted(row[0])} == {"keys", "jwt", "iam", "none"}


def test_actions_are_needed_where_the_page_says_so() -> None:
    rows = {row[0].strip("`"): quoted(row[1]) for row in table("Actions")}
    assert rows.keys() == {"none", *(action.value for action in Action)}
    assert rows.pop("none") == OPEN
    for action, paths in rows.items():
        for path in paths:
            assert needed(path) is needed(f"{path}/below") is Action(action), path


def test_errors_have_the_documented_status() -> None:
    known = {
        kind.code: kind.status
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KernelError)
    }
    documented = {code: int(row[0]) for row in table("What is answered") for code in quoted(row[1])}
    assert documented == {code: known[code] for code in documented}
    assert {kind.code for kind in errors.AccessError.__subclasses__()} <= documented.keys()


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_settings_of_the_page_can_be_loaded(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    assert load_settings(directory=tmp_path, environ={"HOME": "/"}).warnings == ()


def test_commands_of_the_page_exist(tmp_path: Path) -> None:
    (commands,) = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        result = CliRunner().invoke(app, [*words, "--file", str(tmp_path / "keys.toml")])
        assert program == "pharia-kernel"
        assert result.exit_code == (1 if "revoke" in words else 0), result.output


def test_records_have_the_documented_fields(caplog: pytest.LogCaptureFixture) -> None:
    decided(Caller(), "dev", Action.RUN, allowed=False, reason="x")
    (record,) = caplog.records
    sentence = PAGE.split("with the fields ")[1].split(":")[0]
    assert all(hasattr(record, name) for name in quoted(sentence))
    assert record.name in quoted(PAGE.split("## What is answered")[1])


async def test_the_program_of_the_page_calls_for_somebody(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, "access.md", "exec"), names)
    (tmp_path / "keys.toml").write_text("")
    settings = Settings(access=AccessSettings(keys_file=tmp_path / "keys.toml"), inference="none", cache_dir=tmp_path)
    with pytest.raises(errors.TokenRefused):
        await names["answer"](settings, "made-up")
