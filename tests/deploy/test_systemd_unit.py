"""The example of a unit for systemd."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharia_kernel.cli import app
from pharia_kernel.config import load_settings

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "pharia-kernel.service"
LINES = [line.partition("=")[::2] for line in UNIT.read_text().splitlines() if re.match(r"\w+=", line)]


def of(key: str) -> list[str]:
    return [value for name, value in LINES if name == key]


def test_settings_of_the_unit_are_settings_of_the_kernel(tmp_path: Path) -> None:
    (name, path), *others = [value.split(":", 1) for value in of("LoadCredential")]
    assert not others
    assert path.startswith("/etc/pharia-kernel/")
    (tmp_path / name).write_text("secret\n")
    environ = dict(value.replace("%d", str(tmp_path)).split("=", 1) for value in of("Environment"))
    settings = load_settings(environ={**environ, "OPENAI_INFERENCE__URL": "http://127.0.0.1/v1"}, directory=tmp_path)
    assert settings.openai_inference is not None
    assert settings.openai_inference.token.get_secret_value() == "secret"
    assert settings.warnings == ()
    for folder, kind in ((settings.cache_dir, "Cache"), (settings.embedded_documents.directory, "State")):
        assert Path(f"/var/{kind.lower().replace('state', 'lib')}", *of(f"{kind}Directory")) in (folder, folder.parent)


def test_the_command_of_the_unit_exists() -> None:
    (command,) = of("ExecStart")
    program, option, file = shlex.split(command)
    assert Path(program).name == "pharia-kernel"
    assert Path(file).parent == Path("/etc/pharia-kernel")
    assert option in CliRunner().invoke(app, ["serve", "--help"]).output


def test_calls_in_flight_may_finish(tmp_path: Path) -> None:
    assert (
        int(of("TimeoutStopSec")[0])
        >= load_settings(environ={"HOME": "/"}, directory=tmp_path).limits.grace_seconds + 15
    )
    assert of("KillMode") == ["mixed"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_understands_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
