"""A directory as registry of a described namespace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pharia_kernel.skills.image_directory import ImageDirectory
from pharia_kernel.skills.registry import CodeUnavailable, RegistryUnavailable, RevisionGone


async def test_a_skill_that_is_not_there_says_so(tmp_path: Path) -> None:
    """Row 110."""
    with pytest.raises(CodeUnavailable, match=r"no haiku\.wasm in the directory"):
        await ImageDirectory(tmp_path, 0).resolve("haiku", "latest")


async def test_its_bytes_are_read_as_they_are_whatever_the_tag(tmp_path: Path) -> None:
    """Row 111."""
    (tmp_path / "two.words.wasm").write_bytes(b"one")
    async with ImageDirectory(tmp_path, 0) as images:
        digest = await images.resolve("two.words", "latest")
        assert digest == await images.resolve("two.words", "7")
        assert await images.read("two.words", digest) == b"one"


async def test_a_file_that_is_written_again_is_another_one(tmp_path: Path) -> None:
    """Row 112."""
    file = tmp_path / "haiku.wasm"
    file.write_bytes(b"one")
    async with ImageDirectory(tmp_path, 0) as images:
        digest = await images.resolve("haiku", "latest")
        fresh = tmp_path / "fresh"
        fresh.write_bytes(b"two")
        os.replace(fresh, file)
        with pytest.raises(RevisionGone):
            await images.read("haiku", digest)
        after = await images.resolve("haiku", "latest")
        assert after != digest
        assert await images.read("haiku", after) == b"two"
        with pytest.raises(RevisionGone):
            await images.read("haiku", digest)


async def test_a_directory_that_is_gone_is_a_registry_that_is_away(tmp_path: Path) -> None:
    async with ImageDirectory(tmp_path / "nowhere", 0) as images:
        assert images.problem is None
        with pytest.raises(RegistryUnavailable, match="No such file"):
            await images.resolve("haiku", "latest")
