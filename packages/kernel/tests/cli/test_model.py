from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pharia_kernel.cli import model
from pharia_kernel.cli.model import fetch_model
from pharia_kernel.config import Settings


def said(settings: Settings) -> str:
    text = StringIO()
    fetch_model(settings, Console(file=text, width=500))
    return text.getvalue()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(inference="none"),
        Settings(openai_inference={"url": "http://127.0.0.1:1/v1", "token": "t"}),
        Settings(embedded_model={"file": "own.gguf"}),
    ],
)
def test_nothing_is_fetched_for_settings_that_use_something_else(settings: Settings) -> None:
    assert "nothing to fetch" in said(settings)


def test_a_model_that_is_here_is_named_and_not_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model, "cached", lambda asset: tmp_path / "model.gguf")
    monkeypatch.setattr(model, "fetch", lambda asset, console: pytest.fail("fetched"))
    assert str(tmp_path / "model.gguf") in said(Settings())
