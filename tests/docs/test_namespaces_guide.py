"""What the guide to namespaces shows can be used as it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pharia_kernel.config import load_settings
from pharia_kernel.config.skill_entries import ChatEntry, ProgrammableEntry
from pharia_kernel.skills.description import parse_description

GUIDE = (Path(__file__).parents[2] / "docs" / "namespaces.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
CONFIGURATIONS = [block for block in BLOCKS if "namespaces" in tomllib.loads(block)]
DESCRIPTIONS = [block for block in BLOCKS if block not in CONFIGURATIONS]


@pytest.mark.parametrize("block", CONFIGURATIONS)
def test_configurations_are_read_without_a_warning(block: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(block)
    settings = load_settings(directory=tmp_path, environ={"HOME": "/h"})
    assert settings.namespaces
    assert settings.warnings == ()


@pytest.mark.parametrize("block", DESCRIPTIONS)
def test_descriptions_are_read_without_a_warning(block: str) -> None:
    description = parse_description(block)
    assert description.warnings == ()
    assert all(isinstance(entry, ProgrammableEntry | ChatEntry) for entry in description.skills)


def test_there_are_examples_of_all_shapes(tmp_path: Path) -> None:
    shapes = set()
    for block in CONFIGURATIONS:
        (tmp_path / "config.toml").write_text(block)
        settings = load_settings(directory=tmp_path, environ={"HOME": "/h"})
        shapes |= {namespace.shape for namespace in settings.namespaces.values()}
    assert shapes == {"described", "watched", "in place"}
    assert DESCRIPTIONS


def test_every_key_of_a_skill_is_explained() -> None:
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", GUIDE, re.MULTILINE))
    assert explained == set(ProgrammableEntry.model_fields)
