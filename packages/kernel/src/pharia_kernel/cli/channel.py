"""What a worker process and the process that watches it tell each other, over a socket pair."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from pharia_kernel.cli.stop import Stop

_STOP = b"stop\n"
_NUMBERS = b"numbers\n"


class WorkerChannel:
    """The watcher's end. Closing it tells the worker to stop; closing it after :meth:`stop` ends the worker at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asking: asyncio.Task[bytes] | None = None

    @classmethod
    async def open(cls, end: socket.socket) -> WorkerChannel:
        return cls(*await asyncio.open_connection(sock=end))

    async def readiness(self) -> str:
        """Wait until the worker listens; what it has to say then. Never returns for one that ends before."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            await asyncio.Event().wait()
        return line.decode().strip()

    async def numbers(self) -> bytes:
        """What a worker that listens has counted. Whoever gives up waiting leaves the answer to whoever asks next.

        Raises :class:`EOFError` and :class:`OSError` if the worker ends.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="numbers of a worker")
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> bytes:
        self._writer.write(_NUMBERS)
        size = await self._reader.readline()
        if not size.endswith(b"\n"):
            raise EOFError("the worker has ended")
        return await self._reader.readexactly(int(size))

    def stop(self) -> None:
        """Let calls in flight finish, then end."""
        self._writer.write(_STOP)

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        self._writer.close()


class WatcherChannel:
    """The worker's end."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._asked = asyncio.Event()

    def follow(self, stop: Stop) -> None:
        """Ask ``stop`` when the watcher says so or is gone."""
        asyncio.get_running_loop().add_reader(self._end, self._hear, stop)

    @asynccontextmanager
    async def telling(self, numbers: Callable[[], Awaitable[bytes]]) -> AsyncGenerator[None, None]:
        """Answer the watcher's questions while the context is open; begun before anything is said."""
        answering = asyncio.create_task(self._tell(numbers), name="numbers for the watcher")
        try:
            yield
        finally:
            answering.cancel()
            await asyncio.wait({answering})

    async def _tell(self, numbers: Callable[[], Awaitable[bytes]]) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            answer = await numbers()
            try:
                await asyncio.get_running_loop().sock_sendall(self._end, b"%d\n%b" % (len(answer), answer))
            except OSError:
                return  # the watcher is gone, which ends the worker too

    def say(self, text: str) -> None:
        self._end.sendall(text.encode() + b"\n")

    def _hear(self, stop: Stop) -> None:
        try:
            heard = self._end.recv(4096)
        except ConnectionError:
            heard = b""
        if not heard:
            if stop.asked:
                os._exit(1)
            asyncio.get_running_loop().remove_reader(self._end)
        if _NUMBERS in heard:
            self._asked.set()
        if heard.replace(_NUMBERS, b"") or not heard:
            stop.ask()
