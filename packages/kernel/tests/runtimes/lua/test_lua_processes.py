"""Programs that Lua skills start, and signals to the processes that run skills: nothing outlives its call."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from doubles.eventually import until
from pharia_kernel.errors import SkillTrapped
from pharia_kernel.runtimes.lua.runtime import LuaOptions, LuaRuntime
from pharia_kernel.runtimes.lua.skill import LuaSkill
from pharia_kernel.runtimes.skill import ScriptPolicy

from .conftest import Lua, call

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
STANDARD = ScriptPolicy("standard")
EXEC = "vulcan.process.exec({program = 'sh', args = {'-c', args.run}})"
DAEMON = "setsid sh -c 'echo $$ > %s; exec sleep 1000' >/dev/null 2>&1 &"


async def program(lua: Lua, then: str = "return 'x'") -> LuaSkill:
    return await lua.skill(f"if args.run then {EXEC} end {then}", script=STANDARD)


async def pid_in(file: Path) -> int:
    await until(lambda: file.exists() and file.read_text().endswith("\n"))
    return _number(file)


def _number(file: Path) -> int:
    return int(file.read_text())


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def zygote_of(lua: Lua) -> asyncio.subprocess.Process:
    zygote = lua.runtime._nursery._zygote
    assert zygote is not None
    return zygote._process


def workers_of(lua: Lua) -> list[int]:
    pid = zygote_of(lua).pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("run", ["echo $$ > {}; exec sleep 1000", DAEMON.replace("%s", "{}") + " sleep 1000"])
async def test_programs_of_a_cancelled_call_end_with_it(lua: Lua, tmp_path: Path, run: str) -> None:
    skill = await program(lua)
    running = asyncio.create_task(call(skill, {"run": run.format(tmp_path / "pid")}))
    pid = await pid_in(tmp_path / "pid")
    assert alive(pid)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not alive(pid))
    assert await call(skill) == "x"


async def test_programs_that_a_call_leaves_behind_end_after_it(lua: Lua, tmp_path: Path) -> None:
    skill = await program(lua)
    begun = f"while [ ! -s {tmp_path / 'pid'} ]; do sleep 0.01; done"
    assert await call(skill, {"run": f"{DAEMON % (tmp_path / 'pid')} {begun}"}) == "x"
    pid = await pid_in(tmp_path / "pid")
    await until(lambda: not alive(pid))
    assert await call(skill) == "x"


async def test_programs_end_with_the_kernel(tmp_path: Path) -> None:
    async with LuaRuntime(LuaOptions(tmp_path / "data", processes=2)) as runtime:
        lua = Lua(runtime, tmp_path / "data")
        skill = await program(lua)
        running = asyncio.create_task(call(skill, {"run": f"{DAEMON % (tmp_path / 'pid')} sleep 1000"}))
        pid = await pid_in(tmp_path / "pid")
        processes = [zygote_of(lua).pid, *workers_of(lua)]
    with pytest.raises(SkillTrapped):
        await running
    await until(lambda: not any(map(alive, [pid, *processes])))


async def test_a_killed_worker_fails_its_own_call_and_takes_its_programs_along(lua: Lua, tmp_path: Path) -> None:
    skill = await program(lua)
    before = set(workers_of(lua))
    running = asyncio.create_task(call(skill, {"run": f"echo $$ > {tmp_path / 'pid'}; exec sleep 1000"}))
    pid = await pid_in(tmp_path / "pid")
    parent = parent_of(pid)
    assert parent in before
    os.kill(parent, signal.SIGKILL)
    with pytest.raises(SkillTrapped, match="its process ended"):
        await running
    await until(lambda: not alive(pid))
    assert await call(skill) == "x"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_to_the_whole_service_lets_calls_finish(
    lua: Lua, tmp_path: Path, number: signal.Signals
) -> None:
    """Those who stop a service may send it to each of its processes; the kernel decides."""
    skill = await program(lua)
    go = tmp_path / "go"
    run = f"trap '' TERM INT; echo $$ > {tmp_path / 'pid'}; until [ -e {go} ]; do sleep 0.01; done"
    running = asyncio.create_task(call(skill, {"run": run}))
    await pid_in(tmp_path / "pid")
    for pid in (zygote_of(lua).pid, *workers_of(lua)):
        os.kill(pid, number)
    go.touch()
    assert await running == "x"
    assert await call(skill) == "x"


async def test_programs_can_be_interrupted_and_terminated(lua: Lua) -> None:
    skill = await lua.skill(f"return {EXEC}.stdout", script=STANDARD)
    said = await call(skill, {"run": "grep SigIgn /proc/self/status"})
    ignored = int(said.split()[1], 16)
    assert not ignored & (1 << signal.SIGINT - 1 | 1 << signal.SIGTERM - 1)


async def test_processes_are_counted(lua: Lua, tmp_path: Path) -> None:
    workers = lua.runtime.workers
    skill = await program(lua)
    idle = workers.idle
    assert idle > 0
    assert (workers.busy, workers.free) == (0, 4)
    running = asyncio.create_task(call(skill, {"run": f"echo $$ > {tmp_path / 'pid'}; exec sleep 1000"}))
    await pid_in(tmp_path / "pid")
    assert (workers.busy, workers.free, workers.idle) == (1, 3, idle - 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (workers.busy, workers.free) == (0, 4)
