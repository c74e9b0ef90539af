"""Standard input and output of a process: a line per message."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
from mcp.shared.message import SessionMessage

from pharia_kernel.csi.tools.mcp.failures import ConnectionLost, ServerFailed, without
from pharia_kernel.csi.tools.mcp.servers import Given, StdioServer
from pharia_kernel.csi.tools.mcp.transport import Delivery, concerns_us, decoded, encoded, ended, note_id

logger = logging.getLogger("pharia_kernel.tools.mcp")

_LAUNCH = Path(__file__).with_name("launch.py")
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM", "SYSTEMROOT")
"""All a server gets of the kernel's environment, which holds secrets."""
_END_SECONDS = 2.0
"""For each of the ways to ask a process to end."""
_READ_BYTES = 64 * 1024
_LINE_BYTES = 4096
"""Of what it writes on standard error."""


class StdioTransport:
    """An async context manager that owns the process, and all processes it starts."""

    has_session = True

    def __init__(self, server: StdioServer, secrets: Mapping[str, str], given: Given, deliver: Delivery) -> None:
        self.lost = asyncio.Event()
        self._server = server
        self._secrets = secrets
        self._given = given
        self._deliver = deliver
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> StdioTransport:
        inherited = {name: self._given.environ[name] for name in _ENVIRONMENT if name in self._given.environ}
        environment = {**inherited, **dict(self._server.environment), **self._secrets}
        program, *arguments = self._server.command
        found = shutil.which(program, path=environment.get("PATH"))
        if found is None:
            raise ConnectionLost(f"there is no program {program} (looked for in the kernel's PATH)")
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), found, *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                cwd=self._server.directory,
                limit=self._given.options.message_bytes,
                start_new_session=True,  # all it starts can be ended with it
            )
        except (OSError, ValueError) as error:
            raise ConnectionLost(f"the program {program} can not be started ({error})") from None
        self._tasks = [asyncio.create_task(self._read(self._process)), asyncio.create_task(self._log(self._process))]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.lost.set()
        process = self._process
        assert process is not None
        try:
            await self._end(process)
        finally:
            _signal(process, signal.SIGKILL)  # also what it left behind
            await asyncio.wait(self._tasks, timeout=_END_SECONDS)  # the pipes are closed when they have been read
            await ended(self._tasks)

    async def listen(self) -> None:
        """What the server says by itself comes with everything else."""

    async def send(self, message: SessionMessage) -> None:
        """Raises :class:`ServerFailed`."""
        note_id(message)
        assert self._process is not None
        stdin = self._process.stdin
        assert stdin is not None
        if self.lost.is_set() or stdin.is_closing():
            raise ConnectionLost("its process has ended")
        if stdin.transport.get_write_buffer_size() > self._given.options.message_bytes:
            raise ServerFailed("it does not read what it is asked")
        try:
            stdin.write(encoded(message) + b"\n")
            await stdin.drain()
        except OSError:
            raise ConnectionLost("its process has ended") from None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        stdout = process.stdout
        assert stdout is not None
        try:
            async with self._deliver:
                while line := await stdout.readline():
                    try:
                        message = decoded(line)
                    except ServerFailed:  # programs print all sorts of things
                        logger.debug("%s wrote a line that is not a message", self._server.label)
                    else:
                        if concerns_us(message):
                            await self._deliver.send(SessionMessage(message))
        except ValueError:
            limit = self._given.options.message_bytes
            logger.error("%s sent more than %s bytes in one message", self._server.label, f"{limit:,}")
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        finally:
            self.lost.set()
        while await stdout.read(_READ_BYTES):  # what nobody wants to know any more
            pass

    async def _log(self, process: asyncio.subprocess.Process) -> None:
        stderr = process.stderr
        assert stderr is not None
        rest = b""
        while data := await stderr.read(_READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[-_LINE_BYTES:]
            for line in lines:
                text = line[:_LINE_BYTES].decode("utf-8", "replace")
                logger.debug("%s", without(self._secrets.values(), text), extra={"mcp_server": self._server.label})

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        process.stdin.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                _signal(process, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await process.wait()
                    return


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
