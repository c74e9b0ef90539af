from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from pharia_kernel.config import NamespaceSettings, OpenAiSettings, Settings
from pharia_kernel.config.settings import default_cache_dir


def test_settings_can_be_made_in_a_program() -> None:
    settings = Settings(
        namespaces={"dev": NamespaceSettings(directory=Path("skills"))},
        openai_inference=OpenAiSettings(url="http://127.0.0.1:1/v1", token=SecretStr("t")),
    )
    assert settings.effective()["namespaces.dev.directory"] == Path("skills")
    assert str(settings.effective()["openai-inference.token"]) == "**********"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().log_level = "debug"


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/pharia-kernel"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/pharia-kernel"),
        ({"HOME": "/h"}, "/h/.cache/pharia-kernel"),
    ],
)
def test_the_cache_is_where_caches_are(environ: dict[str, str], path: str) -> None:
    assert default_cache_dir(environ) == Path(path)
