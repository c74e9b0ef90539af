"""Descriptions in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.skills.description import ProgrammableEntry
from pharia_kernel.skills.descriptions import FileDescription
from pharia_kernel.skills.descriptions.file import MOST_BYTES
from pharia_kernel.skills.registry import DescriptionInvalid


async def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "skills.toml"
    file.write_text('skills = [{ name = "größe" }]')
    async with FileDescription(file) as source:
        assert (await source.read()).skills == (ProgrammableEntry(name="größe"),)
        file.write_text("skills = []")
        assert (await source.read()).skills == ()


@pytest.mark.parametrize(
    ("content", "reason"), [(b"skills = [", "not TOML"), (b"\xff", "utf-8"), (b"#" * (MOST_BYTES + 1), "more than")]
)
async def test_a_file_that_is_no_description_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "skills.toml"
    file.write_bytes(content)
    with pytest.raises(DescriptionInvalid, match=reason) as caught:
        await FileDescription(file).read()
    assert str(caught.value).startswith(f"Unable to parse file {file} ")


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DescriptionInvalid, match=r"Unable to read file .*nowhere: No such file"):
        await FileDescription(tmp_path / "nowhere").read()
