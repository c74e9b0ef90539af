"""What a namespace serves while its files come, change and go."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import Any

import pytest

from pharia_kernel.errors import (
    InvalidNamespace,
    NamespaceNotFound,
    Saturated,
    SkillLoadError,
    SkillNotFound,
)
from pharia_kernel.skills.configured import SkillState
from pharia_kernel.skills.store import SkillStore
from pharia_kernel.types import SkillPath

HAIKU = SkillPath("dev", "haiku")


async def answer(store: SkillStore, path: SkillPath = HAIKU) -> bytes:
    with await store.lookup(path) as lease:
        return await lease.skill.run(b"null", None, None)  # type: ignore[arg-type]


async def test_a_skill_that_is_there_at_start_is_served(namespaces: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        assert store.skills() == [HAIKU]
        asyncio.get_running_loop().call_soon(asyncio.ensure_future, store.scan())
        assert await answer(store) == b"one"


async def test_the_watcher_finds_a_new_file_by_itself(namespaces: Any) -> None:
    async with namespaces.store(interval=0.001) as store:
        namespaces.write("haiku", b"one")
        assert await answer(store) == b"one"


async def test_a_changed_file_replaces_the_working_version(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        namespaces.write("haiku", b"two")
        await settle(store)
        assert await answer(store) == b"two"
        await namespaces.runtime.skills[0].closed.wait()


async def test_the_old_version_answers_while_the_new_one_compiles(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        namespaces.runtime.gate.clear()
        namespaces.runtime.began.clear()
        namespaces.write("haiku", b"two")
        await store.scan()
        await store.scan()
        await namespaces.runtime.began.wait()
        assert await answer(store) == b"one"
        namespaces.runtime.gate.set()
        await store.loaded()
        assert await answer(store) == b"two"


async def test_a_call_in_flight_keeps_its_version_until_it_ends(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        with await store.lookup(HAIKU) as first, await store.lookup(HAIKU) as second:
            namespaces.write("haiku", b"two")
            await settle(store)
            assert await answer(store) == b"two"
            assert first.skill is second.skill is namespaces.runtime.skills[0]
            assert not namespaces.runtime.skills[0].closed.is_set()
        await namespaces.runtime.skills[0].closed.wait()
        assert not namespaces.runtime.skills[1].closed.is_set()


async def test_calls_during_many_replacements_all_succeed(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"0")
    async with namespaces.store() as store:
        await settle(store)
        answers: list[bytes] = []
        replaced = asyncio.Condition()

        async def call() -> None:
            while len(namespaces.runtime.skills) < 21:
                with await store.lookup(HAIKU) as lease:
                    async with replaced:
                        await replaced.wait()
                    answers.append(await lease.skill.run(b"", None, None))
                    assert not lease.skill.closed.is_set()

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(call())
            for version in range(1, 21):
                namespaces.write("haiku", b"%d" % version)
                await settle(store)
                async with replaced:
                    replaced.notify_all()
        assert await answer(store) == b"20"
        assert answers == sorted(answers, key=int)
        assert {int(each) for each in answers} == set(range(20))
        for skill in namespaces.runtime.skills[:-1]:
            await skill.closed.wait()


async def test_a_broken_new_file_leaves_the_working_version_in_place(
    namespaces: Any, settle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        namespaces.write("haiku", b"broken file")
        await settle(store)
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            assert lease.skill is namespaces.runtime.skills[0]
            assert lease.warning is not None
            assert "no component: broken file" in lease.warning
        assert store.warning(HAIKU) == lease.warning
        (status,) = store.status()["dev"].skills
        assert (status.state, status.problem) == (SkillState.STALE, "no component: broken file")
        assert status.digest == namespaces.runtime.skills[0].digest
        assert namespaces.runtime.loads == [b"one", b"broken file"]
        errors = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert ["older version stays in use" in record.getMessage() for record in errors] == [True]


async def test_the_warning_ends_with_a_good_file(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        namespaces.write("haiku", b"broken")
        await settle(store)
        namespaces.write("haiku", b"one")
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            assert lease.warning is None
        assert store.status()["dev"].skills[0].state is SkillState.WORKING
        assert namespaces.runtime.loads == [b"one", b"broken"], "the same bytes are not compiled again"
        assert not namespaces.runtime.skills[0].closed.is_set()


async def test_a_first_version_that_is_broken_says_why(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"broken start")
    async with namespaces.store() as store:
        await settle(store)
        for _ in range(2):
            with pytest.raises(SkillLoadError, match="no component: broken start"):
                await store.lookup(HAIKU)
        assert store.skills() == [HAIKU]
        assert store.cached() == []
        assert store.status()["dev"].skills[0].state is SkillState.FAILED
        namespaces.write("haiku", b"good")
        await settle(store)
        assert await answer(store) == b"good"


async def test_a_fault_of_the_runtime_does_not_end_the_watching(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"fault")
    async with namespaces.store() as store:
        await settle(store)
        with pytest.raises(SkillLoadError, match="unexpectedly"):
            await store.lookup(HAIKU)
        namespaces.write("haiku", b"good")
        await settle(store)
        assert await answer(store) == b"good"


async def test_a_file_still_being_written_is_not_touched(namespaces: Any) -> None:
    async with namespaces.store() as store:
        with (namespaces.directory() / "haiku.wasm").open("wb") as copy:
            for part in (b"on", b"e "):
                copy.write(part)
                copy.flush()
                await store.scan()
                assert store.status()["dev"].skills[0].state is SkillState.LOADING
        await store.scan()
        await store.loaded()
        assert namespaces.runtime.loads == [b"one "]


async def test_waiting_for_all_skills_includes_those_still_being_copied(namespaces: Any) -> None:
    namespaces.write("haiku", b"one")
    namespaces.write("poem", b"broken")
    async with namespaces.store(interval=0.001) as store:
        await store.loaded()
        assert [skill.state for skill in store.status()["dev"].skills] == [SkillState.WORKING, SkillState.FAILED]


async def test_a_removed_file_is_gone_but_its_calls_end_well(namespaces: Any, settle: Any) -> None:
    file = namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            file.unlink()
            await store.scan()
            with pytest.raises(SkillNotFound):
                await store.lookup(HAIKU)
            assert store.skills() == []
            assert await lease.skill.run(b"", None, None) == b"one"
            assert not namespaces.runtime.skills[0].closed.is_set()
        await namespaces.runtime.skills[0].closed.wait()
        namespaces.write("haiku", b"back")
        await settle(store)
        assert await answer(store) == b"back"


async def test_a_file_removed_while_it_compiles_leaves_nothing(namespaces: Any) -> None:
    file = namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        namespaces.runtime.gate.clear()
        waiting = asyncio.create_task(store.lookup(HAIKU))
        await store.scan()
        await namespaces.runtime.began.wait()
        file.unlink()
        await store.scan()
        with pytest.raises(SkillNotFound):
            await waiting
        namespaces.runtime.gate.set()
        await store.loaded()
        await namespaces.runtime.skills[0].closed.wait()


async def test_a_file_the_last_scan_did_not_see_works_at_once(namespaces: Any) -> None:
    async with namespaces.store(interval=0.001) as store:
        namespaces.write("haiku", b"one")
        namespaces.write("poem", b"two")
        both = await asyncio.gather(answer(store), answer(store, SkillPath("dev", "poem")))
        assert list(both) == [b"one", b"two"]


async def test_concurrent_lookups_share_one_load(namespaces: Any) -> None:
    async with namespaces.store(interval=0.001) as store:
        namespaces.write("haiku", b"one")
        assert await asyncio.gather(*(answer(store) for _ in range(20))) == [b"one"] * 20
        assert namespaces.runtime.loads == [b"one"]


async def test_loads_at_the_same_time_are_bounded(namespaces: Any, settle: Any) -> None:
    for number in range(6):
        namespaces.write(f"skill{number}", b"%d" % number)
    async with namespaces.store(load_workers=2) as store:
        namespaces.runtime.gate.clear()
        await store.scan()
        await namespaces.runtime.two_at_once.wait()
        namespaces.runtime.gate.set()
        await settle(store)
        assert len(store.cached()) == 6
        assert namespaces.runtime.most_at_once == 2


async def test_waiting_for_a_load_is_bounded(namespaces: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store(load_seconds=0.01) as store:
        namespaces.runtime.gate.clear()
        await store.scan()
        with pytest.raises(Saturated, match="not loaded yet") as caught:
            await store.lookup(HAIKU)
        assert caught.value.retry_after
        namespaces.runtime.gate.set()
        await store.loaded()
        assert await answer(store) == b"one"


async def test_unknown_names_are_answered_with_what_is_close(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        with pytest.raises(SkillNotFound, match='namespace "dev" has no skill "hiaku"; did you mean "haiku"'):
            await store.lookup(SkillPath("dev", "hiaku"))
        with pytest.raises(SkillNotFound, match=r'has no skill "unlike"$'):
            await store.lookup(SkillPath("dev", "unlike"))
        with pytest.raises(NamespaceNotFound, match='no namespace "other"'):
            await store.lookup(SkillPath("other", "haiku"))
        with pytest.raises(InvalidNamespace):
            await store.lookup(SkillPath("Bad_Name", "haiku"))


async def test_skills_are_listed_by_namespace_and_name(namespaces: Any) -> None:
    for namespace, name in (("ns-two", "b"), ("ns-one", "z"), ("ns-two", "a")):
        namespaces.write(name, b"x", namespace)
    async with namespaces.store("ns-two", "ns-one") as store:
        assert [str(path) for path in store.skills()] == ["ns-one/z", "ns-two/a", "ns-two/b"]


async def test_a_directory_that_vanishes_keeps_its_skills(
    namespaces: Any, settle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        shutil.rmtree(namespaces.directory())
        await store.scan()
        await store.scan()
        with await store.lookup(HAIKU) as lease:
            assert "can not be read" in str(lease.warning)
        assert "can not be read" in str(store.status()["dev"].problem)
        assert [r.levelno for r in caplog.records if "can not be read" in r.getMessage()] == [logging.ERROR]
        namespaces.write("haiku", b"two")
        await settle(store)
        assert store.status()["dev"].problem is None
        assert await answer(store) == b"two"


async def test_a_directory_missing_at_start_is_an_error_in_the_status(namespaces: Any) -> None:
    async with namespaces.store("later") as store:
        assert "later can not be read" in str(store.status()["later"].problem)
        with pytest.raises(SkillNotFound, match="later can not be read"):
            await store.lookup(SkillPath("later", "haiku"))


async def test_an_evicted_skill_is_loaded_afresh_by_the_next_call(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        assert store.cached() == [HAIKU]
        assert store.evict(HAIKU)
        assert not store.evict(HAIKU)
        assert not store.evict(SkillPath("dev", "unknown"))
        await settle(store)
        assert store.cached() == []
        assert store.skills() == [HAIKU]
        assert store.status()["dev"].skills[0].state is SkillState.IDLE
        assert await answer(store) == b"one"
        assert namespaces.runtime.loads == [b"one", b"one"]


async def test_evicting_while_callers_wait_for_the_load_does_not_strand_them(namespaces: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        waiting = asyncio.create_task(answer(store))
        await store.scan()
        store.evict(HAIKU)
        assert await waiting == b"one"


async def test_evicting_a_skill_that_failed_tries_it_again(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"broken")
    async with namespaces.store() as store:
        await settle(store)
        store.evict(HAIKU)
        with pytest.raises(SkillLoadError):
            await store.lookup(HAIKU)
        assert namespaces.runtime.loads == [b"broken", b"broken"]


async def test_metadata_is_asked_once_per_version(namespaces: Any, settle: Any) -> None:
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            first, second = await asyncio.gather(lease.metadata(), lease.metadata())
        assert first is second
        assert namespaces.runtime.skills[0].asked == 1
        namespaces.write("haiku", b"two")
        await settle(store)
        with await store.lookup(HAIKU) as lease:
            assert (await lease.metadata()).description == "two"


async def test_nothing_is_left_when_the_store_closes(namespaces: Any, settle: Any) -> None:
    before = asyncio.all_tasks()
    namespaces.write("haiku", b"one")
    async with namespaces.store(interval=0.001) as store:
        await settle(store)
    assert namespaces.runtime.skills[0].closed.is_set()
    assert asyncio.all_tasks() == before


async def test_closing_during_a_load_ends_it(namespaces: Any) -> None:
    before = asyncio.all_tasks()
    namespaces.write("haiku", b"one")
    async with namespaces.store() as store:
        namespaces.runtime.gate.clear()
        await store.scan()
        await namespaces.runtime.began.wait()
    assert namespaces.runtime.at_once == 0
    assert asyncio.all_tasks() == before


async def test_replacing_and_removing_leaves_no_tasks(namespaces: Any, settle: Any) -> None:
    async with namespaces.store() as store:
        before = len(asyncio.all_tasks())
        for round in range(50):
            namespaces.write("haiku", b"%d" % round)
            await settle(store)
            assert await answer(store) == b"%d" % round
        (namespaces.directory() / "haiku.wasm").unlink()
        await store.scan()
        for skill in namespaces.runtime.skills:
            await skill.closed.wait()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == before
