"""Connections that break, servers that are started anew, calls that are given up, processes that end."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from doubles.mcp_servers import Asking, Process, stdio, until
from pharia_kernel.csi.tools.mcp import HttpServer, McpOptions, McpTools, StdioServer
from pharia_kernel.csi.types import ToolError, ToolOutput

Ask = Callable[..., Awaitable[Asking]]
_SUM = ToolOutput(("3",))
_NO_ANSWER = ToolError("The tool call could not be executed, original error: it ended the connection without an answer")


async def called(asking: Asking) -> bool:
    return await asking.call("add", a=1, b=2) == _SUM


async def listed(asking: Asking, tool: str) -> bool:
    return tool in await asking.list()


async def gone(*processes: int) -> bool:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, 0)
            return False
    return True


BOTH = pytest.mark.parametrize("transport", ["/sessions", "stdio"])


@BOTH
async def test_a_call_that_is_cancelled_or_late_is_cancelled_at_the_server(
    ask: Ask, server: Process, transport: str
) -> None:
    asking = await ask(stdio(call_seconds=2.0) if transport == "stdio" else server.at(transport, call_seconds=2.0))
    before = await asking.json("calls")

    async def counted(what: str, more: int) -> bool:
        return bool((await asking.json("calls"))[what] == before[what] + more)

    call = asyncio.create_task(asking.call("wait"))
    await until(lambda: counted("begun", 1))
    call.cancel()
    await asyncio.wait([call])
    await until(lambda: counted("cancelled", 1))
    told = "The tool call could not be executed, original error: it did not answer within 2 s"
    assert await asking.call("wait") == ToolError(told)
    await until(lambda: counted("cancelled", 2))


async def test_one_tool_that_hangs_does_not_keep_another_waiting(ask: Ask, server: Process) -> None:
    asking = await ask(server.at("/sessions"))
    hanging = [asyncio.create_task(asking.call("wait")) for _ in range(20)]
    assert await called(asking)
    for call in hanging:
        call.cancel()
    await asyncio.wait(hanging)


async def test_a_server_that_is_started_anew_is_used_again(ask: Ask, start_server: Callable[..., Process]) -> None:
    first = start_server()
    for_each = [await ask(first.at(path)) for path in ("/sessions", "/plain")]
    for asking in for_each:
        assert await called(asking)
    first.end()
    for asking in for_each:
        lost = await asking.call("add", a=1, b=2)
        assert isinstance(lost, ToolError)
        assert "can not be reached" in lost.message
        assert "add" in await asking.list()
    second = await asyncio.to_thread(start_server, port=first.port)
    for asking in for_each:
        await until(lambda asking=asking: called(asking))
    # Not asked in between, so that the session is one that the next server does not know.
    second.end()
    await asyncio.to_thread(start_server, port=first.port)
    for asking in for_each:
        await until(lambda asking=asking: called(asking))


async def test_closing_ends_attempts_to_connect_at_every_moment() -> None:
    await asyncio.to_thread(importlib.import_module, "pharia_kernel.csi.tools.mcp.connection")  # takes long only once
    dead = HttpServer("http://127.0.0.1:9/mcp")
    for turns in range(150):
        async with McpTools({"dev": [dead]}, McpOptions(first_pause=0.0001, longest_pause=0.0001)):
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_a_server_that_dies_amid_a_call_fails_that_call(ask: Ask, start_server: Callable[..., Process]) -> None:
    asking = await ask(start_server().at("/sessions"))
    failed = await asking.call("die")
    assert isinstance(failed, ToolError)
    assert failed.message.startswith("The tool call could not be executed, original error: ")


async def test_a_process_that_dies_amid_a_call_is_started_again(ask: Ask) -> None:
    asking = await ask(stdio())
    waiting = asyncio.create_task(asking.call("wait"))
    assert await asking.call("die") == _NO_ANSWER
    assert await waiting == _NO_ANSWER
    await until(lambda: called(asking))


@BOTH
async def test_a_list_that_changes_is_read_again(ask: Ask, server: Process, transport: str) -> None:
    asking = await ask(stdio() if transport == "stdio" else server.at(transport))
    assert "grown-up" not in await asking.list()
    assert await asking.call("grow", name="grown-up") == ToolOutput(("grown",))
    await until(lambda: listed(asking, "grown-up"))
    assert await asking.call("grown-up") == ToolOutput(("new",))


async def test_a_list_that_changes_unannounced_is_read_again_after_a_while(ask: Ask, server: Process) -> None:
    asking = await ask(server.at("/plain"), refresh_seconds=0.05)
    await asking.call("grow", name="grown-silently")
    await until(lambda: listed(asking, "grown-silently"))


async def test_a_server_that_can_not_be_reached_hides_none_of_another(ask: Ask, server: Process) -> None:
    asking = await ask(HttpServer("http://127.0.0.1:9/mcp?key=s3cret"), server.at("/pages"), StdioServer(("no-such",)))
    assert len(await asking.list()) == 15
    dead, _, missing = asking.status().servers
    assert (dead.server, dead.state) == ("http://127.0.0.1:9/mcp", "lost")
    assert dead.problem is not None
    assert dead.problem.startswith("it can not be reached (")
    assert missing.problem == "there is no program no-such (looked for in the kernel's PATH)"


async def test_processes_end_with_the_kernel_and_so_does_what_they_started() -> None:
    async with McpTools({"dev": [stdio(), stdio(environment=(("A", "b"),))]}) as tools:
        asking = Asking(tools)
        processes: list[int] = []

        async def listed() -> bool:
            return all(server.tools for server in asking.status().servers)

        await until(listed)
        processes = await asking.json("process")
        assert not await gone(*processes)
    await until(lambda: gone(*processes))


_KERNEL = """
import asyncio, sys
from pharia_kernel.csi.tools.mcp import McpTools, StdioServer

async def main():
    deaf = StdioServer(("sh", "-c", "echo $$ > $0; exec sleep 600", sys.argv[1]))
    async with McpTools({"dev": [deaf]}):
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell processes of their parent's end")
async def test_a_process_that_listens_to_nobody_ends_even_when_the_kernel_is_killed(tmp_path: Path) -> None:
    noted = tmp_path / "process"
    kernel = await asyncio.create_subprocess_exec(sys.executable, "-c", _KERNEL, str(noted))

    async def started() -> bool:
        return noted.is_file() and noted.read_text().endswith("\n")

    await until(started)
    process = int(noted.read_text())
    assert not await gone(process)
    kernel.kill()
    await kernel.wait()
    await until(lambda: gone(process))
