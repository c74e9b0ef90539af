"""Which packages of a directory are skills, under which names, and when they are complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from components import wat
from doubles.lua_package import archive, files_of, put_folder
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.archive import package_id
from pharia_kernel.skills.image_directory import ImageDirectory
from pharia_kernel.skills.package_directory import PackageDirectory
from pharia_kernel.skills.registry import CodeUnavailable, Listing, RegistryUnavailable, RevisionGone
from pharia_kernel.skills.watched import WatchedDirectory

FUNCTION = "return function() return 'x' end"
FILES = files_of({"search": FUNCTION, "add": FUNCTION})


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> PackageDirectory:
    """To this registry's wall clock everything was written just now."""
    return PackageDirectory(tmp_path, 0.2, monotonic=clock, wall_clock_ns=lambda: 0)


async def settled(registry: PackageDirectory, clock: Clock) -> Listing:
    await registry.scan()
    clock.now += 1
    listing = await registry.scan()
    assert all(listed.settled for listed in listing.skills.values())
    return listing


async def test_every_entry_of_a_package_is_a_skill_under_its_canonical_name(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    put_folder(tmp_path, "notes", FILES)
    (tmp_path / "weather-v1.0.0-skill.zip").write_bytes(archive("weather", files_of({"today": FUNCTION})))
    listing = await settled(registry, clock)
    assert set(listing.skills) == {"notes-search", "notes-add", "weather-today"}
    assert package_id(await registry.read("notes-add", listing.skills["notes-add"].revision)) == "notes"
    assert package_id(await registry.read("weather-today", listing.skills["weather-today"].revision)) == "weather"


async def test_other_folders_and_files_are_no_packages(registry: PackageDirectory, tmp_path: Path) -> None:
    put_folder(tmp_path, "Notes", FILES)
    put_folder(tmp_path, ".notes", FILES)
    (tmp_path / "empty").mkdir()
    (tmp_path / ".hidden.zip").write_bytes(b"x")
    (tmp_path / ".zip").write_bytes(b"x")
    (tmp_path / "haiku.wasm").write_bytes(b"x")
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert (await registry.scan()).skills == {}


async def test_a_folder_is_settled_once_all_of_it_stayed_the_same(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    for _ in range(3):
        with (folder / "runtime" / "search.lua").open("a") as file:
            file.write("-- more\n")
        assert not (await registry.scan()).skills["notes-search"].settled
        clock.now += 1
    assert (await registry.scan()).skills["notes-search"].settled


async def test_a_change_anywhere_in_a_folder_is_a_new_revision(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    before = (await settled(registry, clock)).skills["notes-add"].revision
    (folder / "runtime" / "words.lua").write_text("return {}")
    after = (await settled(registry, clock)).skills["notes-add"].revision
    assert after != before
    with pytest.raises(RevisionGone):
        await registry.read("notes-add", before)


async def test_a_package_that_breaks_keeps_its_entries_with_the_new_revision(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    before = (await settled(registry, clock)).skills
    (folder / "skill.yaml").write_text("entries: [")
    broken = (await settled(registry, clock)).skills
    assert broken.keys() == before.keys()
    assert broken["notes-add"].revision != before["notes-add"].revision
    put_folder(tmp_path, "notes", files_of({"only": FUNCTION}))
    assert set((await settled(registry, clock)).skills) == {"notes-only"}


async def test_a_package_that_was_never_good_is_listed_by_its_own_name(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    put_folder(tmp_path, "notes", {"skill.yaml": "entries: ["})
    (tmp_path / "weather.zip").write_bytes(b"garbage")
    listing = await settled(registry, clock)
    assert set(listing.skills) == {"notes", "weather"}


async def test_a_package_that_is_removed_or_switched_off_has_no_skills(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    assert (await settled(registry, clock)).skills
    (folder / "skill.yaml").write_text("enable: false")
    assert (await settled(registry, clock)).skills == {}
    (folder / "skill.yaml").unlink()
    assert (await settled(registry, clock)).skills == {}


async def test_of_two_packages_of_one_name_the_first_is_served(
    registry: PackageDirectory, tmp_path: Path, clock: Clock
) -> None:
    put_folder(tmp_path, "notes", FILES)
    (tmp_path / "notes-2.zip").write_bytes(archive("notes", files_of({"other": FUNCTION})))
    listing = await settled(registry, clock)
    assert set(listing.skills) == {"notes-search", "notes-add"}
    assert listing.warnings == ("notes and notes-2.zip are both package notes; the first is served",)


async def test_a_link_inside_a_package_is_refused(registry: PackageDirectory, tmp_path: Path, clock: Clock) -> None:
    folder = put_folder(tmp_path, "notes", FILES)
    os.symlink("/etc/passwd", folder / "runtime" / "secret.lua")
    listing = await settled(registry, clock)
    with pytest.raises(SkillLoadError, match="symbolic link"):
        await registry.read("notes-add", listing.skills["notes-add"].revision)


async def test_a_directory_that_can_not_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnavailable, match="can not be read"):
        await PackageDirectory(tmp_path / "nowhere").scan()


async def test_components_and_packages_are_served_from_one_directory(tmp_path: Path) -> None:
    registry = WatchedDirectory(tmp_path, 0.0)
    put_folder(tmp_path, "notes", FILES)
    for name in ("healthy", "notes-add"):
        (tmp_path / f"{name}.wasm").write_bytes(wat.TEXT_ECHO)
    async with registry:
        await registry.scan()
        listing = await registry.scan()
        assert set(listing.skills) == {"healthy", "notes-add", "notes-search"}
        assert listing.warnings == ("notes-add is a component and an entry of a Lua package; the component is served",)
        assert await registry.read("notes-add", listing.skills["notes-add"].revision) == wat.TEXT_ECHO
        assert package_id(await registry.read("notes-search", listing.skills["notes-search"].revision)) == "notes"


@pytest.mark.parametrize("form", ["folder", "archive"])
async def test_a_package_can_be_found_by_name_like_a_component(tmp_path: Path, form: str) -> None:
    if form == "folder":
        put_folder(tmp_path, "notes", FILES)
    else:
        (tmp_path / "notes.zip").write_bytes(archive("notes", FILES))
    async with ImageDirectory(tmp_path, settle_seconds=0.01) as images:
        word = await images.resolve("notes", "latest")
        assert package_id(await images.read("notes", word)) == "notes"
        with pytest.raises(RevisionGone):
            await images.read("notes", "another word")
        with pytest.raises(CodeUnavailable, match="no Lua package weather"):
            await images.resolve("weather", "latest")
