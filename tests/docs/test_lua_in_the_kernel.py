"""The page about Lua skills in the kernel says what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from pharia_kernel import errors
from pharia_kernel.config import load_settings
from pharia_kernel.config.lua import LuaProfile
from pharia_kernel.runtimes.lua.package import MISSING

PAGE = (Path(__file__).parents[2] / "docs" / "lua-in-the-kernel.md").read_text()
SAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_can_be_loaded(sample: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(sample)
    (entry,) = load_settings(file, environ={}).namespaces["team"].skills or ()
    assert (entry.type, entry.name) == ("lua", "notes")


def test_failures_have_the_statuses_and_codes_that_the_page_names() -> None:
    kinds = {
        kind.code: kind.status for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")
    }
    rows = re.findall(r"\| (\d{3}) `([a-z-]+)` \|", PAGE)
    assert len(rows) == 5
    assert [(int(status), code) for status, code in rows if kinds[code] != int(status)] == []


def test_profiles_and_the_command_are_named() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(get_args(LuaProfile))
    assert 'pip install "pharia-kernel[lua]"' in PAGE
    assert 'pip install "pharia-kernel[lua]"' in MISSING
