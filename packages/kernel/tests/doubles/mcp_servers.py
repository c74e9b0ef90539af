"""MCP servers as processes, and skills that ask for their tools."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from pharia_kernel.csi.tools.mcp import HttpServer, McpStatus, McpTools, StdioServer
from pharia_kernel.csi.tools.source import ToolScope
from pharia_kernel.csi.types import ToolInfo, ToolRequest, ToolResult
from pharia_kernel.types import Caller

PROGRAM = Path(__file__).with_name("mcp_server.py")


class Process:
    """A server over HTTP."""

    def __init__(self, *version: str, port: int = 0) -> None:
        command = [sys.executable, str(PROGRAM), "http", *version]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, env={**os.environ, "PORT": str(port)}
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def at(self, path: str, **more: Any) -> HttpServer:
        return HttpServer(f"http://127.0.0.1:{self.port}{path}", **more)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


def stdio(*arguments: str, **more: Any) -> StdioServer:
    return StdioServer((sys.executable, str(PROGRAM), *(arguments or ("stdio",))), **more)


class Asking:
    """Skills of the namespace ``dev``."""

    def __init__(self, tools: McpTools) -> None:
        self.tools = tools
        self._scope = ToolScope("dev", Caller("of-the-caller"))

    async def list(self) -> dict[str, ToolInfo]:
        return {tool.name: tool for tool in await self.tools.list(self._scope)}

    async def call(self, tool: str, /, **arguments: Any) -> ToolResult:
        await self.list()  # as the toolbox does
        values = tuple((name, msgspec.json.encode(value)) for name, value in arguments.items())
        return await self.tools.invoke(self._scope, ToolRequest(tool, values))

    async def json(self, tool: str, /, **arguments: Any) -> Any:
        result = await self.call(tool, **arguments)
        (text,) = result.texts  # type: ignore[union-attr]
        return msgspec.json.decode(text)

    def status(self) -> McpStatus:
        return self.tools.status()["dev"]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - what happens in other processes has no event
            await asyncio.sleep(0.01)
