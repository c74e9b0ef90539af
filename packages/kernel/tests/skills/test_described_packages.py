"""Lua packages of a registry: their entries are the skills of the namespace."""

from __future__ import annotations

import pytest

from doubles.described_namespace import DescribedNamespace
from doubles.lua_package import archive, files_of
from pharia_kernel.skills.description import Canary, Description, ProgrammableEntry, parse_description
from pharia_kernel.skills.registry import Share

FUNCTION = "return function() return 'x' end"
ONE = archive("notes", files_of({"search": FUNCTION, "add": FUNCTION}))
TWO = archive("notes", files_of({"search": FUNCTION}))


class Team(DescribedNamespace):
    def put(self, reference: str, digest: str, code: bytes) -> None:
        self.images.codes[digest], self.images.tags[reference] = code, digest

    def serve(self, **members: object) -> None:
        self.description.given = Description((ProgrammableEntry(type="lua", name="notes", **members),))  # type: ignore[arg-type]


@pytest.fixture
async def team() -> Team:
    found = Team()
    found.put("notes:latest", "one", ONE)
    found.serve()
    return found


async def test_every_entry_of_the_package_is_a_skill(team: Team) -> None:
    async with team.registry() as registry:
        skills = (await registry.scan()).skills
        assert set(skills) == {"notes-search", "notes-add"}
        assert {listed.revision for listed in skills.values()} == {"one"}
        assert await registry.read("notes-add", "one") == ONE


async def test_a_package_is_read_once_for_its_entries(team: Team) -> None:
    async with team.registry() as registry:
        for _ in range(3):
            await registry.scan()
    assert team.images.reads == ["notes@one"]


async def test_a_tag_that_moves_brings_and_takes_skills(team: Team) -> None:
    async with team.registry() as registry:
        await registry.scan()
        team.put("notes:latest", "two", TWO)
        skills = (await registry.scan()).skills
    assert {name: listed.revision for name, listed in skills.items()} == {"notes-search": "two"}


@pytest.mark.parametrize("broken", [b"garbage", archive("other", files_of({"search": FUNCTION})), b"PK\x03\x04"])
async def test_a_version_that_is_no_package_keeps_the_names_and_fails_when_it_is_loaded(
    team: Team, broken: bytes
) -> None:
    async with team.registry() as registry:
        await registry.scan()
        team.put("notes:latest", "bad", broken)
        skills = (await registry.scan()).skills
    assert {name: listed.revision for name, listed in skills.items()} == {"notes-search": "bad", "notes-add": "bad"}


async def test_a_package_that_was_never_read_is_listed_by_its_own_name(team: Team) -> None:
    team.images.codes.clear()
    async with team.registry() as registry:
        assert set((await registry.scan()).skills) == {"notes"}
        team.images.codes["one"] = ONE
        assert set((await registry.scan()).skills) == {"notes-search", "notes-add"}


async def test_while_the_registry_is_away_the_entries_stay(team: Team) -> None:
    async with team.registry() as registry:
        await registry.scan()
        team.images.away = "connection refused"
        skills = (await registry.scan()).skills
    assert set(skills) == {"notes-search", "notes-add"}
    assert skills["notes-add"].problem == "connection refused"


async def test_versions_and_canaries_are_of_every_entry(team: Team) -> None:
    team.put("notes:v2", "two", TWO)
    team.serve(versions=("v2",), canary=Canary(tag="v2", percent=10))
    async with team.registry() as registry:
        skills = (await registry.scan()).skills
        assert await registry.read("notes-search:v2", "two") == TWO
    assert {name: listed.shown for name, listed in skills.items()} == {
        "notes-search": True,
        "notes-add": True,
        "notes-search:v2": False,
    }
    assert skills["notes-search"].canary == Share("notes-search:v2", 10)


def test_a_description_names_them_with_their_type() -> None:
    text = 'skills = [{ type = "lua", name = "notes", tag = "1.2" }, { name = "haiku" }]'
    found = parse_description(text)
    assert found.warnings == ()
    assert found.skills == (ProgrammableEntry(type="lua", name="notes", tag="1.2"), ProgrammableEntry(name="haiku"))
