"""What a described namespace lists: its description and its registry together."""

from __future__ import annotations

import pytest

from doubles.described_namespace import DescribedNamespace
from pharia_kernel.runtimes.chat import ChatSkill
from pharia_kernel.skills.description import EMPTY, BrokenEntry, Canary, ChatEntry, Description, ProgrammableEntry
from pharia_kernel.skills.registry import (
    DescriptionInvalid,
    DescriptionUnavailable,
    Listed,
    RegistryUnavailable,
    Share,
)


@pytest.fixture
async def team() -> DescribedNamespace:
    found = DescribedNamespace()
    found.images.put("haiku:latest", b"one")
    found.describe("haiku")
    return found


async def test_a_tag_is_listed_with_what_it_stands_for(team: DescribedNamespace) -> None:
    async with team.registry() as registry:
        listing = await registry.scan()
        assert dict(listing.skills) == {"haiku": Listed("digest-of-one", tag="latest")}
        assert (listing.problem, listing.warnings) == (None, ())
        assert await registry.read("haiku", "digest-of-one") == b"one"


async def test_source_and_images_are_open_as_long_as_the_registry(team: DescribedNamespace) -> None:
    async with team.registry():
        assert (team.description.open, team.images.open) == (1, 1)
    assert (team.description.open, team.images.open) == (0, 0)


async def test_a_missing_image_is_the_problem_of_its_skill_alone(team: DescribedNamespace) -> None:
    team.describe("haiku", "poem:7", "po!em")
    async with team.registry() as registry:
        listing = await registry.scan()
    assert listing.skills["poem"] == Listed(None, problem="poem:7 not found in registry", tag="7")
    assert listing.skills["po!em"].problem == "po!em can not be in a registry"
    assert listing.skills["haiku"].problem is None
    assert listing.problem is None


async def test_while_the_registry_is_away_tags_mean_what_they_meant(team: DescribedNamespace) -> None:
    async with team.registry() as registry:
        await registry.scan()
        team.images.away = "connection refused"
        team.describe("haiku", *(f"new{number}" for number in range(30)))
        listing = await registry.scan()
        away = {"problem": "connection refused", "unreachable": True, "tag": "latest"}
        assert listing.skills["haiku"] == Listed("digest-of-one", **away)
        assert listing.skills["new0"] == Listed(None, **away)
        assert listing.problem == "connection refused"
        assert len(team.images.resolves) <= 1 + 8, "one deadline is enough"
        team.images.away = None
        assert (await registry.scan()).skills["haiku"].problem is None


async def test_a_registry_that_answers_from_memory_says_so(team: DescribedNamespace) -> None:
    team.images.problem = "no answer; tags stand for what they stood for last"
    async with team.registry() as registry:
        assert (await registry.scan()).problem == team.images.problem


async def test_while_the_description_is_away_the_last_one_holds(team: DescribedNamespace) -> None:
    async with team.registry() as registry:
        await registry.scan()
        team.description.given = DescriptionUnavailable("no answer")
        team.images.put("haiku:latest", b"two")
        listing = await registry.scan()
    assert listing.skills["haiku"].revision == "digest-of-two", "its tags are still followed"
    assert listing.problem == "no answer"


async def test_one_from_an_earlier_process_is_better_than_none(team: DescribedNamespace) -> None:
    kept = team.description.given
    assert isinstance(kept, Description)
    team.description.given = DescriptionUnavailable("no answer", kept)
    async with team.registry() as registry:
        assert list((await registry.scan()).skills) == ["haiku"]


async def test_without_any_description_nobody_can_say(team: DescribedNamespace) -> None:
    team.description.given = DescriptionUnavailable("no answer")
    async with team.registry() as registry:
        with pytest.raises(RegistryUnavailable, match="no answer"):
            await registry.scan()


async def test_tools_are_told_when_they_change(team: DescribedNamespace) -> None:
    """Row 101."""
    async with team.registry() as registry:
        await registry.scan()
        await registry.scan()
        team.describe("haiku", native_tools=("add",), mcp_servers=("http://127.0.0.1:1/mcp",))
        await registry.scan()
        team.describe("haiku")
        await registry.scan()
        team.description.given = DescriptionInvalid("404")
        for _ in range(2):
            with pytest.raises(DescriptionInvalid):
                await registry.scan()
    assert [told.native_tools for told in team.told] == [(), ("add",), (), ()]
    assert [len(told.mcp_servers) for told in team.told] == [0, 1, 0, 0]
    assert team.told[-1] == EMPTY


async def test_versions_and_canary_are_listed_apart_and_not_shown(team: DescribedNamespace) -> None:
    digest = "sha256:" + "1" * 64
    team.images.put("haiku:v2", b"two")
    entry = ProgrammableEntry(name="haiku", versions=("v2", digest), canary=Canary(tag="v2", percent=10))
    team.description.given = Description((entry,))
    async with team.registry() as registry:
        skills = (await registry.scan()).skills
        assert {name: listed.shown for name, listed in skills.items()} == {
            "haiku": True,
            "haiku:v2": False,
            f"haiku@{digest}": False,
        }
        assert skills["haiku"].canary == Share("haiku:v2", 10)
        assert skills[f"haiku@{digest}"].revision == digest
        assert sorted(team.images.resolves) == ["haiku:latest", f"haiku:{digest}", "haiku:v2"]
        await registry.read("haiku:v2", "digest-of-two")
    assert team.images.reads == ["haiku@digest-of-two"], "the registry knows the skill by its bare name"


async def test_a_chat_entry_is_a_skill_without_code(team: DescribedNamespace) -> None:
    entry = ChatEntry(name="desk", version="3", model="m", system_prompt="You help.")
    team.description.given = Description((entry, BrokenEntry("lost", "skills[1]: model is missing")))
    async with team.registry() as registry:
        skills = (await registry.scan()).skills
    ready = ChatSkill("3", "m", "You help.")
    assert skills["desk"] == Listed(ready.digest, ready=ready, tag="3")
    assert skills["lost"] == Listed(None, problem="skills[1]: model is missing")
    assert team.images.resolves == []
