"""Versions of packages on disk and in processes: shared, kept apart, given back."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from doubles.eventually import until
from doubles.lua_package import archive, files_of
from pharia_kernel.errors import HostFault, SkillLoadError
from pharia_kernel.runtimes.lua import nursery
from pharia_kernel.runtimes.lua.installation import install
from pharia_kernel.runtimes.lua.runtime import LuaOptions, LuaRuntime
from pharia_kernel.runtimes.skill import InstancePolicy
from pharia_kernel.types import SkillPath

from .conftest import LIMITS, Lua, call

COUNTING = "count = (count or 0) + 1 local before = string.mine string.mine = 'x' return count .. tostring(before)"
ONE, TWO = (archive("notes", files_of({"main": f"return function() return '{n}' end"})) for n in (1, 2))


def versions(lua: Lua) -> list[str]:
    root = lua.directory / "dev" / "notes"
    return sorted(path.name for path in root.glob("v-*"))


async def test_every_call_has_a_fresh_vm(lua: Lua) -> None:
    skill = await lua.skill(COUNTING)
    assert [await call(skill) for _ in range(5)] == ["1nil"] * 5


async def test_where_reuse_is_allowed_calls_see_what_former_ones_left(lua: Lua) -> None:
    """The reset rule: globals stay, what the host put into the core tables is put back."""
    skill = await lua.skill(
        COUNTING + " .. ' ' .. string.upper('ok') .. (function() string.upper = nil return '' end)()",
        instances=InstancePolicy(reuse=3, spare=1),
    )
    assert [(await call(skill))[0] for _ in range(7)] == ["1", "2", "3", "1", "2", "3", "1"]
    assert (await call(skill)).endswith("OK")


async def test_calls_run_at_the_same_time_in_processes_of_their_own(lua: Lua) -> None:
    skill = await lua.skill(
        "local f = io.open('/proc/self/stat') local text = f:read('*l') f:close() return text",
        script=replace(LIMITS.script, profile="standard"),
    )
    texts = await asyncio.gather(*(call(skill) for _ in range(4)))
    assert len({text.split()[0] for text in texts}) >= 2


async def test_no_more_processes_serve_than_allowed(lua: Lua) -> None:
    skill = await lua.skill("return 'x'")
    busiest = 0

    async def one() -> None:
        nonlocal busiest
        await call(skill)
        busiest = max(busiest, lua.runtime.workers.busy)

    await asyncio.gather(*(one() for _ in range(20)))
    assert busiest <= 4
    assert lua.runtime.workers.idle <= 4


async def test_idle_processes_are_ended(lua: Lua) -> None:
    skill = await lua.skill("return 'x'", instances=InstancePolicy(idle_seconds=0.05))
    await call(skill)
    await until(lambda: lua.runtime.workers.idle == 0)
    assert await call(skill) == "x"


async def test_some_can_be_kept_ready(lua: Lua) -> None:
    skill = await lua.skill("return 'x'", instances=InstancePolicy(idle_seconds=0.01, spare=1))
    other = await lua.skill("return 'y'", instances=InstancePolicy(idle_seconds=0.01, spare=0))
    await asyncio.gather(*(call(one) for one in (skill, skill, other)))
    await until(lambda: lua.runtime.workers.idle == 1)
    assert await call(skill) == "x"


async def test_entries_of_a_version_share_it_until_the_last_is_closed(lua: Lua) -> None:
    entries = {"one": "return function() return '1' end", "two": "return function() return '2' end"}
    one, two = [await lua.load(entries, entry=name) for name in entries]
    assert len(versions(lua)) == 1
    await one.aclose()
    with pytest.raises(HostFault):
        await call(one)
    assert await call(two) == "2"
    await two.aclose()
    assert versions(lua) == []
    assert lua.runtime.workers.idle == 0


async def test_an_older_version_answers_beside_the_newer_one(lua: Lua) -> None:
    path = SkillPath("dev", "notes-main")
    old, new = [await lua.runtime.load(path, code, LIMITS) for code in (ONE, TWO)]
    assert len(versions(lua)) == 2
    assert (await call(old), await call(new)) == ("1", "2")
    assert old.digest != new.digest
    await old.aclose()
    assert len(versions(lua)) == 1
    assert await call(new) == "2"


async def test_loads_of_the_same_version_at_the_same_time_share_it(lua: Lua) -> None:
    path = SkillPath("dev", "notes-main")
    skills = await asyncio.gather(*(lua.runtime.load(path, ONE, LIMITS) for _ in range(5)))
    assert lua.runtime.workers.idle == 2
    await asyncio.gather(*(skill.aclose() for skill in skills))
    assert versions(lua) == []


async def test_a_load_that_fails_leaves_nothing(lua: Lua) -> None:
    broken = archive("notes", {**files_of({"main": "x"}), "dependencies.yaml": _MISSING})
    with pytest.raises(SkillLoadError, match="required dependency 'jq' is missing and network download is disabled"):
        await lua.runtime.load(SkillPath("dev", "notes-main"), broken, LIMITS)
    assert versions(lua) == []
    assert lua.runtime.workers.idle == 0


_MISSING = """
tool_dependencies:
  - name: jq
    source: {type: url, url: {}}
    packages:
      linux-x64: {url: "https://example.invalid/jq", exports: [{archive_path: jq, target_path: jq}]}
      linux-arm64: {url: "https://example.invalid/jq", exports: [{archive_path: jq, target_path: jq}]}
      macos-x64: {url: "https://example.invalid/jq", exports: [{archive_path: jq, target_path: jq}]}
      macos-arm64: {url: "https://example.invalid/jq", exports: [{archive_path: jq, target_path: jq}]}
"""


async def test_a_package_that_is_switched_off_has_no_entries(lua: Lua) -> None:
    with pytest.raises(SkillLoadError, match="switched off"):
        await lua.load({"main": "return function() return 'x' end"}, more="enable: false")


async def test_data_of_a_package_outlives_its_version(lua: Lua) -> None:
    enabled = "sqlite: {enable: true}"
    write = "vulcan.sqlite.execute_script({sql = 'create table t (x); insert into t values (42);'}) return 'ok'"
    read = "return tostring(vulcan.sqlite.query_json({sql = 'select x from t'}).row_count)"
    first = await lua.skill(write, more=enabled)
    assert await call(first) == "ok"
    await first.aclose()
    second = await lua.skill(read, more=enabled)
    assert await call(second) == "1"


def test_versions_are_private_to_the_user(tmp_path: Path) -> None:
    installed = install(tmp_path, "dev", ONE, "sha256:" + "1" * 64)
    assert stat.S_IMODE(os.stat(installed.root).st_mode) == 0o700
    assert (installed.folder / "skill.yaml").is_file()
    installed.release()


def test_what_another_process_uses_stays(tmp_path: Path) -> None:
    digest = "sha256:" + "1" * 64
    mine, theirs = install(tmp_path, "dev", ONE, digest), install(tmp_path, "dev", ONE, digest)
    assert mine.folder == theirs.folder
    mine.release()
    assert theirs.folder.is_dir()
    theirs.release()
    assert not theirs.skills_dir.exists()


def test_what_a_killed_process_left_is_removed_with_the_next_version(tmp_path: Path) -> None:
    left = install(tmp_path, "dev", ONE, "sha256:" + "1" * 64)
    os.close(left._lock)  # as the system does
    fresh = install(tmp_path, "dev", TWO, "sha256:" + "2" * 64)
    assert not left.skills_dir.exists()
    fresh.release()


@pytest.mark.parametrize("missing", ["luaskills", "lupa"])
async def test_without_the_engine_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    present: Mapping[str, object | None] = {"luaskills": object(), "lupa": object(), missing: None}
    monkeypatch.setattr(nursery, "find_spec", present.__getitem__)
    async with LuaRuntime(LuaOptions(tmp_path)) as runtime:
        with pytest.raises(SkillLoadError, match=r'pip install "pharia-kernel\[lua\]"'):
            await runtime.load(SkillPath("dev", "notes-main"), ONE, LIMITS)
