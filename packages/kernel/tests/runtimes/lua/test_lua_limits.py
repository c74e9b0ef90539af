"""Hostile and unlucky Lua skills: the limits hold, the kernel survives, the next call works."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from doubles.eventually import until
from doubles.scripted_csi import HANG, ScriptedCsi
from pharia_kernel.csi.types import ToolOutput
from pharia_kernel.errors import (
    MemoryExceeded,
    OutputTooLarge,
    SkillError,
    SkillRejectedInput,
    SkillReportedError,
    SkillTrapped,
)
from pharia_kernel.runtimes.skill import ScriptPolicy

from .conftest import LIMITS, MIB, Lua, call

FINE = "if args.fine then return 'fine' end "
PATTERN = "string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40) .. 'b')"


@pytest.mark.parametrize(
    "endless",
    [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        f"local found = {PATTERN}",
        "setmetatable(args, {__index = function(t, k) while true do end end}) local x = args.x",
        "while true do print('flood') end",
    ],
)
async def test_what_never_ends_is_ended_with_its_call(lua: Lua, endless: str) -> None:
    skill = await lua.skill(FINE + f"{endless} return 'x'")
    running = asyncio.create_task(call(skill))
    await until(lambda: lua.runtime.workers.busy == 1)
    assert await call(skill, {"fine": True}) == "fine", "others are not disturbed"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert lua.runtime.workers.busy == 0
    assert await call(skill, {"fine": True}) == "fine"


async def test_the_process_of_a_cancelled_call_ends_with_it(lua: Lua, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    source = f"local f = io.open('{mark}', 'w') f:write('x') f:close() while true do end return 'x'"
    skill = await lua.skill(source, script=ScriptPolicy("standard"))
    running = asyncio.create_task(call(skill))
    await until(mark.exists)
    before = _children()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: len(_children()) < len(before))


async def test_cancelling_reaches_the_backend(lua: Lua) -> None:
    csi = ScriptedCsi(chat=HANG)
    skill = await lua.skill("return vulcan.models.llm('s', 'u').assistant")
    running = asyncio.create_task(call(skill, csi=csi))
    await csi.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert csi.cancelled.is_set()
    assert lua.runtime.workers.busy == 0


@pytest.mark.parametrize(
    "hungry",
    [
        "local t = {} while true do t[#t + 1] = string.rep('x', 1e6) .. #t end",
        "local s = 'x' while true do s = s .. s end",
        "local s = string.rep('x', 1e9)",
        "local t = {} while true do t[#t + 1] = {} end",
    ],
)
async def test_memory_is_bounded(lua: Lua, hungry: str) -> None:
    skill = await lua.skill(FINE + f"{hungry} return 'x'")
    with pytest.raises((MemoryExceeded, SkillReportedError), match="not enough memory"):
        await call(skill)
    assert await call(skill, {"fine": True}) == "fine"


async def test_a_single_call_may_have_less_memory(lua: Lua) -> None:
    skill = await lua.skill("return tostring(#string.rep('x', 16e6))")
    assert await call(skill) == "16000000"
    with pytest.raises(SkillError, match="not enough memory"):
        await call(skill.with_memory(8 * MIB))
    assert await call(skill) == "16000000"
    assert skill.with_memory(LIMITS.memory_bytes) is skill


@pytest.mark.parametrize(
    "deep",
    [
        "local function f() return 1 + f() end return f()",
        "local function f() return (string.gsub('a', 'a', f)) end return f()",
        "local function f() return coroutine.wrap(f)() end return f()",
        "return vulcan.call('notes-main', {})",
        "os.exit(1) return 'x'",
        "return require('ffi').C",
        "return debug.getregistry()",
        "return load('\\27LJ')()",
        "return '\\255'",
    ],
)
async def test_bottomless_and_forbidden_code_is_an_ordinary_failure(lua: Lua, deep: str) -> None:
    skill = await lua.skill(FINE + deep)
    with pytest.raises(SkillError):
        await call(skill)
    assert await call(skill, {"fine": True}) == "fine"


async def test_a_crash_of_the_process_is_a_crash_of_the_call(lua: Lua) -> None:
    crash = "local ffi = require('ffi') return ffi.string(ffi.cast('const char *', 8))"
    skill = await lua.skill(FINE + crash, script=ScriptPolicy("trusted"))
    with pytest.raises(SkillTrapped, match="dev/notes-main: its process ended"):
        await call(skill)
    assert await call(skill, {"fine": True}) == "fine"


async def test_the_answer_is_bounded(lua: Lua) -> None:
    skill = await lua.skill("return string.rep('x', args.size)", output_bytes=1000)
    assert await call(skill, {"size": 998}) == "x" * 998
    with pytest.raises(OutputTooLarge, match=r"1,001 bytes; a call may answer 1,000"):
        await call(skill, {"size": 999})
    with pytest.raises(OutputTooLarge):
        await call(skill, {"size": 10_000_000})


async def test_the_log_is_bounded(lua: Lua, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pharia_kernel.skill")
    skill = await lua.skill("for i = 1, 100 do print('0123456789') end return 'x'", log_bytes=55)
    await call(skill)
    *lines, last = [record.getMessage() for record in caplog.records]
    assert lines == ["0123456789"] * 5
    assert "950 bytes of output dropped" in last


async def test_a_deep_input_is_refused_and_nothing_breaks(lua: Lua) -> None:
    skill = await lua.skill(FINE + "return 'x'")
    deep = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    with pytest.raises((SkillRejectedInput, SkillError)):
        await skill.run(deep, ScriptedCsi(), None)
    assert await call(skill, {"fine": True}) == "fine"


async def test_what_came_from_elsewhere_touches_nothing(lua: Lua) -> None:
    attempts = [
        "return tostring(io.open('/etc/passwd'))",
        "return vulcan.fs.read('/etc/passwd')",
        "return vulcan.process.exec({command = 'id'}).stdout",
        "return tostring(os.execute('true'))",
        "os.remove('/tmp/nothing') return 'removed'",
        "return vulcan.fs.read(vulcan.context.skill_dir .. '/../../../../nothing')",
        "vulcan.fs.write(vulcan.context.skill_dir .. '/skill.yaml', 'x') return 'written'",
        "return dofile('/etc/passwd')",
        "return os.getenv('HOME') and 'known' or error('unknown')",
    ]
    entries = {
        f"try{number}": f"return function() local ok, found = pcall(function() {attempt} end) "
        "return ok and found or 'refused' end"
        for number, attempt in enumerate(attempts)
    }
    for entry in entries:
        assert await call(await lua.load(entries, entry=entry)) in ("refused", "nil"), entries[entry]


async def test_the_environment_of_the_kernel_is_not_given_to_any_profile(
    lua: Lua, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_INFERENCE__TOKEN", "secret")
    skill = await lua.skill("return tostring(os.getenv('OPENAI_INFERENCE__TOKEN'))", script=ScriptPolicy("trusted"))
    assert await call(skill) == "nil"


async def test_when_the_process_behind_the_workers_dies_the_next_call_has_another(lua: Lua) -> None:
    skill = await lua.skill("return 'x'")
    zygote = lua.runtime._nursery._zygote
    assert zygote is not None
    os.kill(zygote._process.pid, signal.SIGKILL)
    await zygote._process.wait()
    await until(lambda: not any(idle.worker.alive for idle in lua.runtime.workers._idle))
    assert await call(skill) == "x"


async def test_tools_that_are_skills_wait_for_no_place_that_their_callers_have(lua: Lua) -> None:
    inner = await lua.skill("return 'inner'")
    outer = await lua.load({"outer": "return function(args) return vulcan.host.call('inner', {}).value end"})

    class Calling(ScriptedCsi):
        async def invoke_tools(self, requests: object) -> list[ToolOutput]:
            return [ToolOutput((await call(inner),))]

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        calls = [group.create_task(call(outer, csi=Calling())) for _ in range(12)]
    assert {one.result() for one in calls} == {"inner"}


async def test_a_replaced_limit_is_another_version(lua: Lua) -> None:
    small = await lua.skill("return tostring(#string.rep('x', 16e6))", memory_bytes=8 * MIB)
    large = await lua.skill("return tostring(#string.rep('x', 16e6))", memory_bytes=128 * MIB)
    assert replace(LIMITS, memory_bytes=8 * MIB) != replace(LIMITS, memory_bytes=128 * MIB)
    with pytest.raises(SkillError):
        await call(small)
    assert await call(large) == "16000000"


def _children() -> list[str]:
    """Processes of the zygotes of this process that have not ended."""
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    workers = [worker for child in mine for worker in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
    return [
        worker for worker in workers if Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    ]
