"""``pharia-skill dev`` as a developer has it: a process, its terminal, a project beside it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from .answers import Event, events_of

PROGRAM = str(Path(sys.executable).with_name("pharia-skill"))
_PATIENCE = 60.0
"""Seconds; a loader that is not in the cache is built and compiled first."""


class Developing:
    def __init__(self, process: asyncio.subprocess.Process, client: httpx.AsyncClient) -> None:
        self.process = process
        self.client = client
        self.said: list[str] = []
        self.ended = False
        self._more = asyncio.Condition()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._more:
                self.said.append(line.decode().rstrip())
                self._more.notify_all()
        async with self._more:
            self.ended = True
            self._more.notify_all()

    async def until_said(self, pattern: str) -> str:
        """The first line that matches."""

        def found() -> str | None:
            return next((line for line in self.said if re.search(pattern, line)), None)

        try:
            async with asyncio.timeout(_PATIENCE), self._more:
                await self._more.wait_for(lambda: found() is not None or self.ended)
        except TimeoutError:
            pass
        line = found()
        assert line is not None, self.said
        return line

    async def run(self, name: str, body: object = "hello") -> httpx.Response:
        return await self.client.post(f"/v1/skills/dev/{name}/run", json=body)

    async def run_until(self, name: str, expected: str) -> list[httpx.Response]:
        """Call until the expected text is in the answer, which is the last of those that are given."""
        answers = []
        async with asyncio.timeout(_PATIENCE):
            while True:
                answers.append(await self.run(name))
                if expected in answers[-1].text:
                    return answers

    async def events(self, name: str) -> list[Event]:
        url = f"/v1/skills/dev/{name}/message-stream"
        async with self.client.stream("POST", url, json="hello") as response:
            return [event async for event in events_of(response)]

    async def events_until(self, name: str, expected: str) -> list[Event]:
        """Call until the expected text is in an event."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                events = await self.events(name)
                if expected in str(events):
                    return events

    async def interrupt(self) -> int:
        """As Ctrl-C does; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), _PATIENCE)


@asynccontextmanager
async def developing(folder: Path, *arguments: str, environment: Mapping[str, str]) -> AsyncIterator[Developing]:
    """Started in ``folder``; ready to be called when the context is entered."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "dev",
        *arguments,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with (
        httpx.AsyncClient(trust_env=False, verify=False, timeout=_PATIENCE) as client,
        asyncio.TaskGroup() as tasks,
    ):
        dev = Developing(process, client)
        listening = tasks.create_task(dev.listen())
        try:
            await dev.until_said("Edit and call again")
            url = re.search(r"http://[\d.:]+", await dev.until_said("^curl"))
            assert url is not None
            client.base_url = httpx.URL(url[0])
            yield dev
        finally:
            if process.returncode is None:
                process.terminate()
                await asyncio.wait_for(process.wait(), _PATIENCE)
            await listening
