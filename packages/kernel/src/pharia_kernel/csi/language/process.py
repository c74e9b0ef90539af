"""One detector process: asked one question at a time."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from pharia_kernel.csi.child_environment import child_environment
from pharia_kernel.csi.language_detector import Verdict

_MODULE = "pharia_kernel.csi.language_detector"


class ProcessEnded(Exception):
    """The process ended before it had answered."""


class DetectorProcess:
    """Ended by its owner; one whose question was given up has to be, as it may be busy with it for long."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self.memory_bytes = 0
        """What it had in memory after its last answer."""

    @classmethod
    async def start(cls) -> DetectorProcess:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _MODULE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,  # an interrupt in the terminal is the kernel's to handle
        )
        return cls(process)

    @property
    def process_id(self) -> int:
        return self._process.pid

    async def ask(self, question: bytes) -> Verdict:
        """``question`` is a frame. Raises :class:`ProcessEnded`."""
        try:
            self._stdin.write(question)
            await self._stdin.drain()
            size = int.from_bytes(await self._stdout.readexactly(4), "big")
            verdict = msgspec.msgpack.decode(await self._stdout.readexactly(size), type=Verdict)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise ProcessEnded from error
        self.memory_bytes = verdict.memory_bytes
        return verdict

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()  # it has nothing to put in order
        self._stdin.close()
        await self._process.wait()
