"""A whole kernel in processes of its own, as operators run it, and what it says."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

HELLO = "/v1/skills/test-beta/hello/message-stream"
_START = "from pharia_kernel.cli import app; app()"
_PATIENCE = 60.0
"""Seconds for what takes milliseconds on a machine with nothing else to do."""


class Running:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = ""
        self.said: list[dict[str, Any]] = []
        """Its log."""
        self._changed = asyncio.Condition()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    async def begin(self) -> None:
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        assert line.startswith("Listening on "), [*self.said, line]
        self.url = line.removeprefix("Listening on ").split()[0]

    async def listen(self) -> None:
        """Read its log while it lives."""
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            async with self._changed:
                self.said.append(json.loads(line) if line.startswith(b"{") else {"message": line.decode()})
                self._changed.notify_all()

    async def until_said(self, text: str) -> dict[str, Any]:
        """The first record with the text, from the beginning or to come."""
        async with asyncio.timeout(_PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self.has_said(text))
        return next(record for record in self.said if text in json.dumps(record))

    def has_said(self, text: str) -> bool:
        return any(text in json.dumps(record) for record in self.said)

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, trust_env=False, verify=False, timeout=_PATIENCE, headers=headers)

    async def post(self, path: str, body: Any = "hello", token: str | None = None) -> httpx.Response:
        async with self.client(token) as client:
            return await client.post(path, json=body)

    async def get(self, path: str, token: str | None = None) -> httpx.Response:
        async with self.client(token) as client:
            return await client.get(path)

    async def greets(self, token: str | None = None) -> bool:
        return '"text":"H"' in (await self.post(HELLO, "Homer", token)).text

    def workers(self) -> list[int]:
        return children(self.process.pid)


@asynccontextmanager
async def running(folder: Path, *options: str, prelude: str = "", **settings: str) -> AsyncIterator[Running]:
    """``prelude`` is Python that runs first, in every process that serves."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "INFERENCE": "none",
        "LOG_FORMAT": "json",
        "KERNEL_ADDRESS": "127.0.0.1:0",
        "DIRECTORY_SCAN_INTERVAL": "20ms",
        "NAMESPACE_UPDATE_INTERVAL": "50ms",
        **settings,
    }
    command = [sys.executable, "-c", f"{prelude}\n{_START}", *options]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE, limit=1 << 20
    )
    kernel = Running(process)
    listening = asyncio.create_task(kernel.listen())
    try:
        async with asyncio.timeout(100):
            await kernel.begin()
            yield kernel
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening
        assert process.stdout is not None
        await process.stdout.read()  # its end closes the pipe


def children(pid: int) -> list[int]:
    try:
        found = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(each) for line in found for each in line]


def descendants(pid: int) -> list[int]:
    return [each for child in children(pid) for each in (child, *descendants(child))]


def command(pid: int) -> bytes:
    """Nothing of a process that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(pids: list[int]) -> bool:
    return await until(lambda: not any(map(alive, pids)))


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> bool:
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return True
            await asyncio.sleep(0.01)
