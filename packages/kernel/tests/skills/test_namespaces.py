"""What described namespaces serve while their descriptions and registries change, fail and come back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from doubles.described_namespace import DescribedNamespace
from doubles.eventually import until
from pharia_kernel.errors import NamespaceInvalid, NamespaceNotFound, SkillLoadError, SkillNotFound, SkillUnreachable
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.skills import NamespaceState, SkillState, SkillStore, Source
from pharia_kernel.skills.description import Canary, ChatEntry, Description, ProgrammableEntry
from pharia_kernel.skills.registry import DescriptionInvalid, DescriptionUnavailable
from pharia_kernel.types import SkillPath

HAIKU = SkillPath("team", "haiku")


@pytest.fixture
async def team() -> DescribedNamespace:
    found = DescribedNamespace()
    found.images.put("haiku:latest", b"one")
    found.describe("haiku")
    return found


def source(namespace: DescribedNamespace, interval: float = 3600) -> Source:
    return Source(namespace.registry(), interval, look_for_calls=False)


@asynccontextmanager
async def serving(runtime: Any, interval: float = 3600, **namespaces: Any) -> AsyncIterator[SkillStore]:
    options = {name: namespaces.pop(name) for name in ("capacity", "chance") if name in namespaces}
    sources = {name: source(one, interval) for name, one in namespaces.items()}
    async with SkillStore(sources, runtime, SkillLimits(), builtin={}, **options) as store:
        yield store


async def settle(store: SkillStore) -> None:
    await store.scan()
    await store.loaded()


async def answer(store: SkillStore, path: SkillPath = HAIKU) -> bytes:
    with await store.lookup(path) as lease:
        return await lease.skill.run(b"null", None, None)  # type: ignore[arg-type]


async def test_nothing_is_ready_before_the_first_look(runtime: Any, team: DescribedNamespace) -> None:
    """Rows 95 and 96."""
    team.description.gate.clear()
    started = asyncio.Event()

    async def start() -> None:
        async with serving(runtime, team=team) as store:
            assert store.skills() == [HAIKU]
            started.set()

    task = asyncio.create_task(start())
    await until(lambda: team.description.reads)
    assert not started.is_set()
    team.description.gate.set()
    await task
    assert started.is_set()


async def test_an_unchanged_description_causes_no_work(runtime: Any, team: DescribedNamespace) -> None:
    """Row 97."""
    async with serving(runtime, team=team) as store:
        for _ in range(3):
            await settle(store)
        assert team.images.reads == ["haiku@digest-of-one"]
        assert runtime.loads == [b"one"]
        assert len(team.told) == 1


async def test_an_empty_namespace_exists(runtime: Any, team: DescribedNamespace) -> None:
    """Row 98."""
    team.describe()
    async with serving(runtime, team=team) as store:
        assert (store.namespaces, store.skills()) == (["team"], [])
        assert team.told == [Description()]
        with pytest.raises(SkillNotFound):
            await store.lookup(HAIKU)
        assert team.description.reads == 1, "a call of an unknown skill asks nobody"


async def test_only_what_is_new_is_loaded_and_only_what_is_gone_is_dropped(
    runtime: Any, team: DescribedNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 99."""
    caplog.set_level(logging.INFO)
    for name in ("kept", "new"):
        team.images.put(f"{name}:latest", name.encode())
    team.describe("haiku", "kept")
    async with serving(runtime, team=team) as store:
        await settle(store)
        team.describe("kept", "new")
        await settle(store)
        assert sorted(runtime.loads) == [b"kept", b"new", b"one"]
        assert [path.name for path in store.skills()] == ["kept", "new"]
        with pytest.raises(SkillNotFound):
            await store.lookup(HAIKU)
    audited = [(r.getMessage(), r.skill) for r in caplog.records if r.name == "pharia_kernel.audit"]  # type: ignore[attr-defined]
    assert ("withdrawn", "team/haiku") in audited
    assert ("deployed", "team/new") in audited
    assert ("withdrawn", "team/kept") not in audited, "the end of the kernel withdraws nothing"


async def test_a_changed_tag_replaces_the_version_without_a_gap(runtime: Any, team: DescribedNamespace) -> None:
    """Row 100."""
    team.images.put("haiku:2", b"two")
    async with serving(runtime, team=team) as store:
        await settle(store)
        runtime.gate.clear()
        runtime.began.clear()
        team.describe("haiku:2")
        await store.scan()
        await runtime.began.wait()
        assert await answer(store) == b"one"
        runtime.gate.set()
        await store.loaded()
        assert await answer(store) == b"two"
        assert store.status()["team"].skills[0].tag == "2"


async def test_a_namespace_without_a_usable_description_serves_nothing(
    runtime: Any, team: DescribedNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows 102, 109 and 122."""
    async with serving(runtime, team=team) as store:
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            team.description.given = DescriptionInvalid("https://x/skills.toml answered 404 instead of a document")
            await store.scan()
            await store.scan()
            assert await lease.skill.run(b"", None, None) == b"one", "a call under way ends well"  # type: ignore[arg-type]
        for name in ("haiku", "other"):
            with pytest.raises(
                NamespaceInvalid, match=r'namespace "team": https://x/skills\.toml answered 404'
            ) as caught:
                await store.lookup(SkillPath("team", name))
            assert caught.value.status == 500
        assert store.skills() == store.cached() == []
        status = store.status()["team"]
        assert status.state is NamespaceState.INVALID
        assert status.problem is not None
        await runtime.skills[0].closed.wait()
    assert caplog.text.count("none of its skills is served") == 1


async def test_a_repaired_description_brings_everything_back(runtime: Any, team: DescribedNamespace) -> None:
    """Row 103."""
    good = team.description.given
    team.description.given = DescriptionInvalid("broken")
    async with serving(runtime, team=team) as store:
        with pytest.raises(NamespaceInvalid):
            await store.lookup(HAIKU)
        team.description.given = good
        await settle(store)
        assert await answer(store) == b"one"
        assert store.status()["team"].state is NamespaceState.WORKING


async def test_a_description_server_in_trouble_changes_nothing(
    runtime: Any, team: DescribedNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 108."""
    async with serving(runtime, team=team) as store:
        await settle(store)
        team.description.given = DescriptionUnavailable("https://x answered 503")
        await settle(store)
        await settle(store)
        assert await answer(store) == b"one"
        status = store.status()["team"]
        assert (status.state, status.problem) == (
            NamespaceState.UNAVAILABLE,
            'namespace "team": https://x answered 503',
        )
        assert status.last_scan is not None
    assert caplog.text.count("the skills known so far stay in use") == 1


async def test_a_registry_that_is_away_from_the_start_is_asked_again(runtime: Any, team: DescribedNamespace) -> None:
    """Row 114."""
    team.images.away = "connection refused"
    async with serving(runtime, interval=0.001, team=team) as store:
        with pytest.raises(SkillUnreachable, match="connection refused"):
            await store.lookup(HAIKU)
        assert store.skills() == [HAIKU]
        team.images.away = None
        await until(lambda: store.status()["team"].skills[0].state is SkillState.WORKING)
        assert await answer(store) == b"one"
        assert store.status()["team"].problem is None


async def test_pauses_grow_while_nobody_answers(runtime: Any, team: DescribedNamespace) -> None:
    team.images.away = "connection refused"
    async with serving(runtime, team=team) as store:
        (namespace,) = store._namespaces.values()
        assert namespace.failures == 1
        await store.scan()
        assert namespace.failures == 2
        team.images.away = None
        await store.scan()
        assert namespace.failures == 0


async def test_a_configured_skill_that_is_missing_says_so(runtime: Any, team: DescribedNamespace) -> None:
    """Rows 115 and 120."""
    team.describe("haiku", "poem:7")
    async with serving(runtime, team=team) as store:
        with pytest.raises(SkillLoadError, match="poem:7 not found in registry"):
            await store.lookup(SkillPath("team", "poem"))
        team.images.put("poem:7", b"poem")
        await settle(store)
        assert await answer(store, SkillPath("team", "poem")) == b"poem"


async def test_a_tag_that_is_taken_away_leaves_its_version(runtime: Any, team: DescribedNamespace) -> None:
    async with serving(runtime, team=team) as store:
        await settle(store)
        del team.images.tags["haiku:latest"]
        await settle(store)
        assert await answer(store) == b"one"
        (status,) = store.status()["team"].skills
        assert (status.state, status.problem) == (SkillState.WORKING, "haiku:latest not found in registry")


async def test_a_new_tag_that_is_missing_leaves_the_old_version(runtime: Any, team: DescribedNamespace) -> None:
    async with serving(runtime, team=team) as store:
        await settle(store)
        team.describe("haiku:9")
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            assert "haiku:9 not found" in (lease.warning or "")
        team.images.put("haiku:9", b"one")
        await settle(store)
        assert store.status()["team"].skills[0].state is SkillState.WORKING
        assert runtime.loads == [b"one"], "the same bytes are not compiled again"


async def test_a_registry_that_hangs_holds_up_no_other_namespace(runtime: Any, team: DescribedNamespace) -> None:
    """Row 117."""
    stuck = DescribedNamespace()
    stuck.describe(*(f"skill{number}" for number in range(20)))
    for number in range(20):
        stuck.images.put(f"skill{number}:latest", b"%d" % number)
    stuck.images.hanging = True
    async with serving(runtime, stuck=stuck, team=team) as store:
        assert await answer(store) == b"one"
        assert len(stuck.images.reads) <= 2


async def test_calls_of_one_skill_share_its_load_and_others_do_not_wait(runtime: Any, team: DescribedNamespace) -> None:
    """Rows 118 and 119."""
    team.images.put("poem:latest", b"broken poem")
    team.describe("haiku", "poem")
    async with serving(runtime, team=team) as store:
        answers = await asyncio.gather(
            *(answer(store) for _ in range(5)),
            *(answer(store, SkillPath("team", "poem")) for _ in range(5)),
            return_exceptions=True,
        )
        assert answers[:5] == [b"one"] * 5
        assert all("broken poem" in str(error) for error in answers[5:])
        assert sorted(runtime.loads) == [b"broken poem", b"one"]


async def test_evicted_skills_stay_configured_and_removed_ones_do_not(runtime: Any, team: DescribedNamespace) -> None:
    """Rows 121, 123, 124 and 125."""
    team.images.put("poem:latest", b"poem")
    team.describe("haiku", "poem")
    async with serving(runtime, team=team) as store:
        await settle(store)
        assert [path.name for path in store.cached()] == ["haiku", "poem"]
        assert store.evict(HAIKU)
        assert not store.evict(HAIKU)
        assert not store.evict(SkillPath("nobody", "haiku"))
        assert [path.name for path in store.cached()] == ["poem"]
        assert HAIKU in store.skills()
        team.describe("haiku")
        await store.scan()
        assert store.cached() == []
        with pytest.raises(NamespaceNotFound):
            await store.lookup(SkillPath("nobody", "haiku"))


async def test_a_moved_tag_is_noticed_and_an_unmoved_one_costs_nothing(runtime: Any, team: DescribedNamespace) -> None:
    """Row 126."""
    async with serving(runtime, team=team) as store:
        await settle(store)
        await settle(store)
        assert len(team.images.reads) == 1
        team.images.put("haiku:latest", b"two")
        await settle(store)
        assert await answer(store) == b"two"


async def test_only_what_has_room_is_loaded_ahead_and_the_rest_when_it_is_called(
    runtime: Any, team: DescribedNamespace
) -> None:
    names = [f"skill{number}" for number in range(5)]
    for name in names:
        team.images.put(f"{name}:latest", name.encode().ljust(100, b"."))
    team.describe(*names)
    async with serving(runtime, team=team, capacity=200) as store:
        await settle(store)
        assert len(store.cached()) == 2
        assert len(runtime.loads) < 5
        states = {skill.name: skill.state for skill in store.status()["team"].skills}
        assert sorted(states.values()) == [SkillState.IDLE] * 3 + [SkillState.WORKING] * 2
        idle = next(name for name, state in states.items() if state is SkillState.IDLE)
        assert (await answer(store, SkillPath("team", idle))).startswith(idle.encode())
        assert len(store.cached()) == 2
        for name in names:
            await answer(store, SkillPath("team", name))
        assert [path.name for path in store.cached()] == ["skill3", "skill4"]


async def test_chat_skills_are_ready_at_once_and_never_cached(runtime: Any, team: DescribedNamespace) -> None:
    def desk(prompt: str) -> Description:
        return Description((ChatEntry(name="desk", version="1", model="m", system_prompt=prompt),))

    team.description.given = desk("one")
    path = SkillPath("team", "desk")
    async with serving(runtime, team=team) as store:
        assert store.type_of(path) == "chat"
        with await store.lookup(path) as first:
            team.description.given = desk("two")
            await store.scan()
            with await store.lookup(path) as second:
                assert (first.skill.system_prompt, second.skill.system_prompt) == ("one", "two")  # type: ignore[attr-defined]
        assert store.cached() == []
        assert not store.evict(path)
        assert store.status()["team"].skills[0].type == "chat"


def with_canary(percent: float) -> Description:
    entry = ProgrammableEntry(name="haiku", versions=("v1",), canary=Canary(tag="v2", percent=percent))
    return Description((entry,))


async def test_a_canary_gets_its_part_of_the_calls(runtime: Any, team: DescribedNamespace) -> None:
    team.images.put("haiku:v1", b"older")
    team.images.put("haiku:v2", b"canary")
    team.description.given = with_canary(25)
    draws = iter([number / 100 for number in range(100)])
    async with serving(runtime, team=team, chance=lambda: next(draws)) as store:
        await settle(store)
        answers = [await answer(store) for _ in range(100)]
        assert answers == [b"canary"] * 25 + [b"one"] * 75
        assert store.skills() == [HAIKU], "versions are not listed"


async def test_a_canary_that_does_not_work_harms_nobody(runtime: Any, team: DescribedNamespace) -> None:
    team.images.put("haiku:v2", b"broken canary")
    team.description.given = with_canary(100)
    async with serving(runtime, team=team, chance=lambda: 0.0) as store:
        await settle(store)
        assert await answer(store) == b"one"
        problems = {skill.name: skill.problem for skill in store.status()["team"].skills}
        assert problems["haiku:v2"] == "no component: broken canary"


async def test_callers_may_name_the_versions_that_are_configured(runtime: Any, team: DescribedNamespace) -> None:
    for tag in ("v1", "v2", "v3"):
        team.images.put(f"haiku:{tag}", tag.encode())
    team.description.given = with_canary(100)
    async with serving(runtime, team=team, chance=lambda: 0.0) as store:
        await settle(store)
        named = {name: await answer(store, SkillPath("team", f"haiku:{name}")) for name in ("latest", "v1", "v2")}
        assert named == {"latest": b"one", "v1": b"v1", "v2": b"v2"}
        for other in ("haiku:v3", "haiku@latest:", "haiku:", "haiku@sha256:" + "0" * 64):
            with pytest.raises(SkillNotFound):
                await store.lookup(SkillPath("team", other))


async def test_namespaces_come_and_go_while_it_runs(runtime: Any, team: DescribedNamespace) -> None:
    other, third = DescribedNamespace(), DescribedNamespace()
    other.images.put("poem:latest", b"poem")
    other.describe("poem")
    kept, second = source(team), source(other)
    async with SkillStore({"team": kept}, runtime, SkillLimits(), builtin={}) as store:
        await settle(store)
        await store.update({"team": kept, "other": second})
        assert await answer(store, SkillPath("other", "poem")) == b"poem"
        assert team.description.reads == 2, "one that stays the same is left alone"
        with await store.lookup(HAIKU) as lease:
            await store.update({"other": second, "third": source(third)})
            assert await lease.skill.run(b"", None, None) == b"one"  # type: ignore[arg-type]
            with pytest.raises(NamespaceNotFound):
                await store.lookup(HAIKU)
        assert store.namespaces == ["other", "third"]
        assert (team.description.open, other.description.open) == (0, 1)
        await runtime.skills[0].closed.wait()


async def test_another_source_takes_over_without_a_gap(runtime: Any, team: DescribedNamespace) -> None:
    moved = DescribedNamespace()
    moved.images.put("haiku:latest", b"moved")
    moved.describe("haiku")
    moved.description.gate.clear()
    async with serving(runtime, team=team) as store:
        await settle(store)
        updating = asyncio.create_task(store.update({"team": source(moved)}))
        await until(lambda: moved.description.reads)
        assert await answer(store) == b"one"
        moved.description.gate.set()
        await updating
        await store.loaded()
        assert await answer(store) == b"moved"
        assert (team.description.open, moved.description.open) == (0, 1)


async def test_a_load_from_a_source_that_is_gone_leaves_no_failure(runtime: Any, team: DescribedNamespace) -> None:
    team.images.hanging = True
    moved = DescribedNamespace()
    moved.images.put("haiku:latest", b"moved")
    moved.describe("haiku")
    async with serving(runtime, team=team) as store:
        waiting = asyncio.create_task(answer(store))
        await until(lambda: team.images.reads)
        moved.images.put("haiku:latest", b"moved")
        await store.update({"team": source(moved)})
        assert store.status()["team"].skills[0].problem is None
        waiting.cancel()


async def test_a_fault_of_a_source_is_seen_and_does_not_end_the_watching(
    runtime: Any, team: DescribedNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    good, team.description.given = team.description.given, RuntimeError("a bug")
    async with serving(runtime, interval=0.001, team=team) as store:
        assert "a bug" in (store.status()["team"].problem or "")
        team.description.given = good
        await until(lambda: store.skills())
        assert await answer(store) == b"one"
    assert "it goes on" in caplog.text


async def test_nothing_is_left_behind(runtime: Any, team: DescribedNamespace) -> None:
    before = asyncio.all_tasks()
    async with serving(runtime, interval=0.001, team=team) as store:
        await settle(store)
    assert asyncio.all_tasks() == before
    assert (team.description.open, team.images.open) == (0, 0)
    assert runtime.skills[0].closed.is_set()
