"""Processes that are killed, with whatever they were doing: nothing promised is lost, nothing outlives them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from components import wat
from doubles.lua_package import files_of, put_folder
from doubles.mcp_servers import PROGRAM
from doubles.openai_stub import OpenAiStub, Whole, completion_answer

from .raw import answers, exchange
from .running import Running, alive, command, descendants, gone, running, until

CALLS = 250
GAP = 0.02
"""Seconds between two calls."""
KILL_AFTER = range(40, CALLS, 50)
RUN = "/v1/skills/dev/asking/run"


def asking(folder: Path) -> str:
    directory = folder / "skills"
    directory.mkdir()
    (directory / "asking.wasm").write_bytes(wat.ASKING)
    return str(directory)


async def _killed_one(kernel: Running) -> None:
    """The oldest worker, once there are two again."""
    assert await until(lambda: len(kernel.workers()) == 2)
    os.kill(kernel.workers()[0], signal.SIGKILL)


async def test_a_worker_is_killed(tmp_path: Path) -> None:
    """Fifty calls a second go on: each has one answer, or its connection is closed before the first byte."""
    async with OpenAiStub(Whole(completion_answer("Hello back"), delay=0.05)) as stub:
        settings = {
            "INFERENCE": "openai",
            "OPENAI_INFERENCE__URL": stub.url,
            "OPENAI_INFERENCE__TOKEN": "sk-test",
            "NAMESPACES__DEV__DIRECTORY": asking(tmp_path),
        }
        async with running(tmp_path, "--workers", "2", **settings) as kernel, asyncio.TaskGroup() as tasks:
            calls = []
            for number in range(CALLS):
                calls.append(tasks.create_task(exchange(kernel.address, RUN, f"call {number}")))
                if number in KILL_AFTER:
                    tasks.create_task(_killed_one(kernel))
                await asyncio.sleep(GAP)
            received = await asyncio.gather(*calls)
            assert await kernel.post(RUN)
            assert kernel.has_said("ended by itself (exit code -9)")
    asked = Counter(request.body["prompt"] for request in stub.received)
    whole = [answers(each) for each in received]
    assert all(each in ([], [(200, b'"Hello back"')]) for each in whole), [each for each in whole if each]
    assert max(asked.values()) == 1
    assert all(asked[f"call {number}"] == 1 for number, each in enumerate(whole) if each)
    assert sum(map(len, whole)) > CALLS / 2


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
async def test_the_kernel_is_killed_while_lua_skills_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    """One computes, one waits for a program that has detached itself: all of it ends."""
    program = f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 1000' & wait"
    sources = {
        "say": "return function() return 'x' end",
        "loop": "return function() while true do end end",
        "wait": f"return function() return vulcan.process.exec({{command = [[{program}]]}}).stdout end",
    }
    put_folder(tmp_path / "skills", "notes", files_of(sources))
    settings = {"NAMESPACES__DEV__DIRECTORY": str(tmp_path / "skills"), "LUA__DIRECTORY": str(tmp_path / "lua")}
    settings["LIMITS__GRACE_SECONDS"] = "0.1"  # workers whose watcher is gone finish their calls first
    async with running(tmp_path, *options, **settings) as kernel:

        async def served() -> bool:
            return (await kernel.post("/v1/skills/dev/notes-say/run", {})).status_code == 200

        assert await until(served)
        calls = [
            asyncio.create_task(exchange(kernel.address, f"/v1/skills/dev/notes-{name}/run", {})) for name in sources
        ]
        assert await until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        processes = descendants(kernel.process.pid)
        assert int((tmp_path / "pid").read_text()) in processes
        kernel.process.kill()
        assert await gone(processes)
        await asyncio.gather(*calls)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
async def test_the_kernel_is_killed(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Its workers, the language detector, the model and the servers of tools end with it; its address is free."""
    config = tmp_path / "config.toml"
    server = json.dumps([sys.executable, str(PROGRAM), "stdio"])
    config.write_text(f"[[namespaces.dev.mcp-servers]]\ncommand = {server}\n")
    settings = {"NAMESPACES__DEV__DIRECTORY": asking(tmp_path), "INFERENCE": "embedded", "EMBEDDED_MODEL__THREADS": "1"}
    settings["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")  # has the model
    async with running(tmp_path, "--config", str(config), *options, **settings) as kernel:
        language = [{"text": "Guten Tag, wie geht es Ihnen?", "languages": ["deu", "eng"]}]

        async def all_run() -> bool:
            await kernel.post("/csi/v1/select_language", language)
            await kernel.get("/v1/tools/dev")
            processes = [command(each) for each in descendants(kernel.process.pid)]
            wanted = (b"language_detector", b"model_server", b"mcp_server.py")
            return all(any(name in line for line in processes) for name in wanted)

        assert await until(all_run)
        for worker in kernel.workers() if options else []:  # one that has children takes them with it
            if of_worker := descendants(worker):
                os.kill(worker, signal.SIGKILL)
                assert await gone(of_worker)
                break
        processes = [
            each for each in descendants(kernel.process.pid) if alive(each)
        ]  # what starts has helpers that end
        assert len(processes) >= 3
        kernel.process.kill()
        assert await gone(processes)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*kernel.address)
