from __future__ import annotations

import tomllib
from pathlib import Path

from pharia_kernel.cli.effective import effective_toml
from pharia_kernel.config import load_settings

TOML = """
log-level = "warn"
[namespaces.dev]
directory = "skills"
native-tools = ["add"]
[openai-inference]
url = "http://user:s3cret@127.0.0.1:1/v1"
token = "s3cret"
[access.jwt]
issuer = "https://id.example.org/"
audience = ["kernel"]
grants = [{claim = "groups", value = "team-*", namespaces = ["{}"], actions = ["run"]}]
"""


def test_every_value_stands_beside_its_source(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TOML)
    settings = load_settings(directory=tmp_path, environ={"HOME": "/h", "LIMITS__DEADLINE_SECONDS": "1m"})
    text = effective_toml(settings)
    words = [line.split() for line in text.splitlines()]
    assert ["log-level", "=", '"warn"', "#", str(tmp_path / "config.toml")] in words
    assert ["deadline-seconds", "=", "60.0", "#", "environment", "LIMITS__DEADLINE_SECONDS"] in words
    assert ["kernel-address", "=", '"127.0.0.1:8081"', "#", "default"] in words


def test_secrets_are_masked(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TOML)
    text = effective_toml(load_settings(directory=tmp_path, environ={"HOME": "/h"}))
    assert "s3cret" not in text
    assert 'token = "***"' in text
    assert "http://***@127.0.0.1:1/v1" in text


def test_it_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TOML.replace("user:s3cret@", ""))
    environ = {"HOME": "/h"}
    settings = load_settings(directory=tmp_path, environ=environ)
    copy = tmp_path / "copy.toml"
    copy.write_text(effective_toml(settings))
    again = load_settings(copy, directory=tmp_path / "empty", environ=environ)
    masked = tomllib.loads(effective_toml(settings))["openai-inference"].pop("token")
    assert masked == "***"
    before, after = settings.effective(), again.effective()
    del before["openai-inference.token"], after["openai-inference.token"]
    assert before == after
