from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.access import AccessSettings, is_trustworthy
from pharia_kernel.config.exposure import check_exposure
from pharia_kernel.errors import ConfigError

JWT = """
[access.jwt]
issuer = "https://id.example.org/"
audience = ["kernel"]
[[access.jwt.grants]]
claim = "groups"
value = "team-*"
namespaces = ["{}"]
"""


def load(folder: Path, toml: str = "", **environ: str) -> Settings:
    (folder / "config.toml").write_text(toml)
    return load_settings(directory=folder, environ={"HOME": "/home/somebody", **environ})


def test_the_kind_of_access_control_follows_from_what_is_configured(tmp_path: Path) -> None:
    assert load(tmp_path).access_mode == "none"
    assert load(tmp_path, AUTHORIZATION_URL="https://iam.example.org").access_mode == "iam"
    assert load(tmp_path, ACCESS__KEYS_FILE="/etc/keys.toml").access_mode == "keys"
    settings = load(tmp_path, JWT)
    assert settings.access_mode == "jwt"
    assert settings.access.jwt is not None
    assert settings.access.jwt.issuer == "https://id.example.org/"  # compared letter by letter
    assert [grant.namespaces for grant in settings.access.jwt.grants] == [("{}",)]


def test_two_kinds_need_a_choice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\(jwt, keys\); choose with access\.mode"):
        _ = load(tmp_path, JWT, ACCESS__KEYS_FILE="/etc/keys.toml").access_mode
    assert load(tmp_path, JWT, ACCESS__KEYS_FILE="/etc/keys.toml", ACCESS__MODE="keys").access_mode == "keys"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("https://id", "http://id", "must be an https URL"),
        ('["kernel"]', "[]", "needs at least one"),
        ('value = "team-*"', 'value = "*-*"', "one * only"),
        ('value = "team-*"', 'value = "team"', "{} in a namespace needs a * in value"),
        ('["{}"]', '["Not A Name"]', "Invalid namespace"),
        ('["{}"]', "[]", "needs at least one"),
        ('["{}"]', '["{}"]\nactions = ["everything"]', "'run', 'csi' or 'admin'"),
        ('["kernel"]', '["kernel"]\nalgorithms = ["HS256"]', "'RS256'"),
        ('["kernel"]', '["kernel"]\nalgorithms = ["none"]', "'RS256'"),
        ('["kernel"]', '["kernel"]\njwks-url = "http://id.example.org/keys"', "must be an https URL"),
        ("[[access.jwt.grants]]", "[[access.jwt.grant]]", "no such setting"),
    ],
)
def test_tables_that_make_no_sense_are_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, JWT.replace(old, new))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://id.example.org", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]/x", True),
        ("http://localhost/x", True),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.1", False),
        ("https://", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_keys_are_read_only_where_nobody_can_change_them_on_the_way(url: str, trusted: bool) -> None:
    assert is_trustworthy(url) is trusted


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_served_without_access_control(host: str) -> None:
    check_exposure(host, Settings())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "203.0.113.5"])
@pytest.mark.parametrize(
    ("access", "served"),
    [
        ({}, False),
        ({"mode": "none"}, False),
        ({"allow_everybody": True}, False),
        ({"mode": "none", "allow_everybody": True}, True),
        ({"mode": "keys"}, True),
        ({"keys_file": Path("keys.toml")}, True),
    ],
)
def test_other_machines_are_served_only_on_purpose(host: str, access: dict[str, Any], served: bool) -> None:
    settings = Settings(access=AccessSettings(**access))
    if served:
        check_exposure(host, settings)
    else:
        with pytest.raises(ConfigError, match="other machines could call every skill"):
            check_exposure(host, settings)


@pytest.mark.parametrize(
    ("value", "choice"),
    [("true", True), ("ON", True), ("off", False), ("", False), ("a, b", ("a", "b")), ("a", ("a",))],
)
def test_skills_as_tools_are_chosen_by_a_variable_too(tmp_path: Path, value: str, choice: Any) -> None:
    toml = '[namespaces.dev]\ndirectory = "skills"\n'
    settings = load(tmp_path, toml + f'skill-tools = "{value}"')
    assert settings.namespaces["dev"].skill_tools == choice
    assert load(tmp_path, toml + 'skill-tools = ["a"]').namespaces["dev"].skill_tools == ("a",)
    assert load(tmp_path, toml).namespaces["dev"].skill_tools is False
