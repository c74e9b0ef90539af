"""Access control that is asked for and can not be had is an error, never left out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from opentelemetry.trace import NoOpTracer

from pharia_kernel.composition.access import access
from pharia_kernel.config import Settings
from pharia_kernel.config.access import AccessSettings, JwtSettings
from pharia_kernel.errors import ConfigError

JWT = JwtSettings.model_validate(
    {
        "issuer": "https://id.example.org",
        "audience": ["kernel"],
        "grants": [{"claim": "groups", "value": "x", "namespaces": ["dev"]}],
    }
)


@pytest.mark.parametrize(
    ("settings", "way_out"),
    [
        (Settings(access=AccessSettings(mode="keys")), "ACCESS__KEYS_FILE"),
        (Settings(access=AccessSettings(mode="jwt")), r"\[access\.jwt\]"),
        (Settings(access=AccessSettings(mode="iam")), "AUTHORIZATION_URL"),
    ],
)
def test_a_mode_without_what_it_needs(settings: Settings, way_out: str) -> None:
    with pytest.raises(ConfigError, match=way_out):
        access(settings, NoOpTracer())


async def test_a_file_of_keys_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        async with access(Settings(access=AccessSettings(keys_file=tmp_path / "keys.toml")), NoOpTracer()):
            pass


def test_packages_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pharia_kernel.access.jwt")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigError, match=r'pip install "pharia-kernel\[jwt\]"; jwt is missing'):
        access(Settings(access=AccessSettings(jwt=JWT)), NoOpTracer())


@pytest.mark.parametrize(
    "settings",
    [
        Settings(access=AccessSettings(jwt=JWT)),
        Settings(access=AccessSettings(keys_file=Path("keys.toml"))),
        Settings(authorization_url="https://iam.example.org"),
    ],
)
def test_what_is_configured_is_in_force(settings: Settings) -> None:
    assert not access(settings, NoOpTracer()).open


def test_without_settings_everybody_may() -> None:
    assert access(Settings(), NoOpTracer()).open
