"""Which source of model answers the settings mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.config import Settings, inference_source, load_settings, uses_embedded_model

_URL = {"inference-url": "https://inference.example.org"}
_OPENAI = {"openai-inference": {"url": "https://api.example.org/v1", "token": "t"}}
_EMBEDDED = {"backends": {"a": {"kind": "embedded"}}}
_REMOTE = {"backends": {"a": {"kind": "openai", "url": "https://api.example.org/v1"}}}


@pytest.mark.parametrize(
    ("settings", "source", "embedded"),
    [
        ({}, "embedded", True),
        (_OPENAI, "openai", False),
        (_URL, "aleph-alpha", False),
        (_URL | _OPENAI, "aleph-alpha", False),
        (_REMOTE, "routed", False),
        (_EMBEDDED, "routed", True),
        (_REMOTE | _URL | _OPENAI, "routed", False),
        (_URL | {"inference": "openai"}, "openai", False),
        (_EMBEDDED | {"inference": "none"}, "none", False),
        (_REMOTE | _URL | {"inference": "embedded"}, "embedded", True),
    ],
)
def test_what_was_chosen_comes_before_what_is_configured(settings: dict[str, Any], source: str, embedded: bool) -> None:
    found = Settings.model_validate(settings)
    assert (inference_source(found), uses_embedded_model(found)) == (source, embedded)


@pytest.mark.parametrize("written", ["inference-url = ''", ""])
def test_an_empty_url_is_none(tmp_path: Path, written: str) -> None:
    (tmp_path / "config.toml").write_text(written)
    settings = load_settings(directory=tmp_path, environ={"HOME": "/", "INFERENCE_URL": ""})
    assert settings.inference_url is None
    assert inference_source(settings) == "embedded"


def test_the_variable_of_the_original_is_known(tmp_path: Path) -> None:
    environ = {"HOME": "/", "INFERENCE_URL": "https://inference.example.org/"}
    settings = load_settings(directory=tmp_path, environ=environ)
    assert settings.inference_url == "https://inference.example.org"
    assert settings.warnings == ()
