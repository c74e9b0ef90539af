"""What the documentation says about settings is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

from pharia_kernel.config import Settings

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)


def documented() -> set[str]:
    keys: set[str] = set()
    for cell in ROW.findall((ROOT / "docs" / "configuration.md").read_text()):
        first, *rest = re.findall(r"`([^`]+)`", cell)
        keys.add(first)
        keys |= {first.rsplit(".", 1)[0] + name for name in rest}
    return keys


def test_every_setting_is_documented_and_no_other() -> None:
    settings = Settings(
        namespaces={"NAME".lower(): {"directory": "skills"}},
        openai_inference={"url": "http://localhost/v1", "token": "t"},
    )
    known = {key.replace("namespaces.name.", "namespaces.NAME.") for key in settings.effective()}
    assert documented() == known


def test_the_readme_names_files_that_exist() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / link).exists(), link
