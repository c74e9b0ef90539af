"""Tool calls through the kernel beside a plain use of the MCP SDK, against the same server, over one session each.

``python -m bench.tool_calls``. They take turns. Processor time is that of this process, without the server's.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from bench.processes import free_port, process
from bench.report import Line, at_most, show
from pharia_kernel import Kernel, Settings
from pharia_kernel.csi.types import ToolOutput, ToolRequest
from pharia_kernel.types import Caller

CALLS = 1000
CONCURRENT = 50
TURNS = 10
SERVER = [sys.executable, "-m", "bench.mcp_server"]
_ADD = ToolRequest("add", (("a", b"20"), ("b", b"22")))

Call = Callable[[], Awaitable[str]]


class Taken:
    """Time of all turns."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.processor = 0.0

    async def turn(self, call: Call) -> None:
        left = CALLS // TURNS

        async def caller() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                assert await call() == "42"

        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(caller() for _ in range(CONCURRENT)))
        self.seconds += time.perf_counter() - began
        self.processor += time.process_time() - used


async def measure(url: str, folder: Path) -> tuple[Taken, Taken]:
    settings = Settings.model_validate(
        {
            "inference": "none",
            "cache-dir": folder,
            "namespaces": {"dev": {"directory": folder, "mcp-servers": [url]}},
        }
    )
    alone, ours = Taken(), Taken()
    async with (
        streamable_http_client(url) as (read, write, _),
        ClientSession(read, write) as session,
        Kernel(settings) as kernel,
        kernel.csi("dev", Caller()) as csi,
    ):
        await session.initialize()

        async def plain() -> str:
            part = (await session.call_tool("add", {"a": 20, "b": 22})).content[0]
            assert isinstance(part, TextContent)
            return part.text

        async def through_the_kernel() -> str:
            (result,) = await csi.invoke_tools([_ADD])
            assert isinstance(result, ToolOutput), result
            return result.texts[0]

        assert [tool.name for tool in await csi.list_tools()] == ["add"]
        for call in (plain, through_the_kernel):
            await Taken().turn(call)
        for _ in range(TURNS):
            await alone.turn(plain)
            await ours.turn(through_the_kernel)
    return alone, ours


def main() -> None:
    port = free_port()
    with process([*SERVER, str(port)], port), TemporaryDirectory() as folder:
        alone, ours = uvloop.run(measure(f"http://127.0.0.1:{port}/mcp", Path(folder)))
    lines = [
        Line("the SDK alone", 1e3 * alone.seconds / CALLS, "ms/call"),
        Line("through the kernel", 1e3 * ours.seconds / CALLS, "ms/call"),
        at_most("ratio", ours.seconds / alone.seconds, "x", 1.15),
        Line("the SDK alone: processor time", 1e6 * alone.processor / CALLS, "us/call"),
        Line("through the kernel: processor time", 1e6 * ours.processor / CALLS, "us/call"),
        at_most("ratio of processor time", ours.processor / alone.processor, "x", 1.15),
    ]
    show(f"{CALLS:,} tool calls, {CONCURRENT} at once, a server made with the MCP SDK", lines)


if __name__ == "__main__":
    main()
