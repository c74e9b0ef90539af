"""Which files are skills, and when they are complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pharia_kernel.skills.directory import DirectoryRegistry
from pharia_kernel.skills.registry import CodeUnavailable, RegistryUnavailable, RevisionGone


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> DirectoryRegistry:
    """To this registry's wall clock every file was written just now."""
    return DirectoryRegistry(tmp_path, settle_seconds=0.2, monotonic=clock, wall_clock_ns=lambda: 0)


async def test_every_wasm_file_is_a_skill_named_by_its_stem(registry: DirectoryRegistry, tmp_path: Path) -> None:
    for name in ("haiku.wasm", "two.words.wasm", "größe.wasm"):
        (tmp_path / name).write_bytes(b"x")
    assert set((await registry.scan()).skills) == {"haiku", "two.words", "größe"}


async def test_other_entries_are_not_skills(registry: DirectoryRegistry, tmp_path: Path) -> None:
    for name in (".hidden.wasm", "~draft.wasm", "#draft.wasm", "notes.txt", "haiku.wasm.tmp", "haiku.wasm~", ".wasm"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.wasm").mkdir()
    (tmp_path / "nowhere.wasm").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.wasm").symlink_to(tmp_path / "loop.wasm")
    os.mkfifo(tmp_path / "pipe.wasm")
    (tmp_path / os.fsdecode(b"\xff.wasm")).write_bytes(b"x")
    assert (await registry.scan()).skills == {}


async def test_a_symlink_is_followed(registry: DirectoryRegistry, tmp_path: Path) -> None:
    target = tmp_path / "v1.bin"
    target.write_bytes(b"code")
    (tmp_path / "haiku.wasm").symlink_to(target)
    listing = (await registry.scan()).skills
    assert await registry.read("haiku", listing["haiku"].revision) == b"code"


async def test_a_fresh_file_is_settled_once_it_stayed_the_same(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "haiku.wasm").write_bytes(b"x")
    assert not (await registry.scan()).skills["haiku"].settled
    clock.now += 0.1
    assert not (await registry.scan()).skills["haiku"].settled
    clock.now += 0.15
    assert (await registry.scan()).skills["haiku"].settled


async def test_a_file_that_grows_is_not_settled(registry: DirectoryRegistry, tmp_path: Path, clock: Clock) -> None:
    with (tmp_path / "haiku.wasm").open("wb") as copy:
        for _ in range(5):
            copy.write(b"more")
            copy.flush()
            assert not (await registry.scan()).skills["haiku"].settled
            clock.now += 1
    assert (await registry.scan()).skills["haiku"].settled


async def test_a_file_that_rested_is_settled_at_first_sight(tmp_path: Path) -> None:
    written = (tmp_path / "haiku.wasm").write_bytes(b"x") and (tmp_path / "haiku.wasm").stat().st_ctime_ns
    registry = DirectoryRegistry(tmp_path, wall_clock_ns=lambda: written + 3_000_000_000)
    assert (await registry.scan()).skills["haiku"].settled


async def test_an_old_time_stamp_alone_does_not_settle_a_file(tmp_path: Path) -> None:
    file = tmp_path / "haiku.wasm"
    file.write_bytes(b"x")
    os.utime(file, (1, 1))
    registry = DirectoryRegistry(tmp_path, wall_clock_ns=lambda: file.stat().st_ctime_ns)
    assert not (await registry.scan()).skills["haiku"].settled


async def test_reading_gives_exactly_the_listed_revision(registry: DirectoryRegistry, tmp_path: Path) -> None:
    (tmp_path / "haiku.wasm").write_bytes(b"one")
    listed = (await registry.scan()).skills["haiku"]
    (tmp_path / "haiku.wasm").write_bytes(b"three")
    with pytest.raises(RevisionGone, match="changed"):
        await registry.read("haiku", listed.revision)
    (tmp_path / "haiku.wasm").unlink()
    with pytest.raises(RevisionGone, match="removed"):
        await registry.read("haiku", listed.revision)


async def test_a_file_that_can_not_be_read_may_be_tried_again(registry: DirectoryRegistry, tmp_path: Path) -> None:
    (tmp_path / "haiku.wasm").mkdir()
    with pytest.raises(CodeUnavailable, match=r"haiku\.wasm can not be read"):
        await registry.read("haiku", "any")


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnavailable, match="nowhere can not be read: No such file"):
        await DirectoryRegistry(tmp_path / "nowhere").scan()


async def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RegistryUnavailable, match="Not a directory"):
        await DirectoryRegistry(tmp_path / "file").scan()
