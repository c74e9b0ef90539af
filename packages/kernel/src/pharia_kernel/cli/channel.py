"""What a worker process and the process that watches it tell each other, over a socket pair."""

from __future__ import annotations

import asyncio
import os
import socket

from pharia_kernel.cli.stop import Stop

_STOP = b"stop\n"


class WorkerChannel:
    """The watcher's end. Closing it tells the worker to stop; closing it after :meth:`stop` ends the worker at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> WorkerChannel:
        return cls(*await asyncio.open_connection(sock=end))

    async def readiness(self) -> str:
        """Wait until the worker listens; what it has to say then. Never returns for one that ends before."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            await asyncio.Event().wait()
        return line.decode().strip()

    def stop(self) -> None:
        """Let calls in flight finish, then end."""
        self._writer.write(_STOP)

    def close(self) -> None:
        self._writer.close()


class WatcherChannel:
    """The worker's end."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end

    def follow(self, stop: Stop) -> None:
        """Ask ``stop`` when the watcher says so or is gone."""
        asyncio.get_running_loop().add_reader(self._end, self._hear, stop)

    def say(self, text: str) -> None:
        self._end.sendall(text.encode() + b"\n")

    def _hear(self, stop: Stop) -> None:
        try:
            heard = self._end.recv(64)
        except ConnectionError:
            heard = b""
        if not heard:
            if stop.asked:
                os._exit(1)
            asyncio.get_running_loop().remove_reader(self._end)
        stop.ask()
