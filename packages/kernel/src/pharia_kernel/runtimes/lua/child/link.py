"""A worker's end of its connection with the kernel; blocks."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Any

import msgspec

from pharia_kernel.runtimes.lua.child.messages import LENGTH, Ask, FromKernel, FromWorker, Log, Reply, order, packed

_PREFIX = "[LuaSkill:"


class KernelGone(SystemExit):
    """Nobody is there to work for."""


class Link:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, message: FromWorker) -> None:
        self._connection.sendall(packed(message))

    def receive(self) -> FromKernel:
        """Raises :class:`KernelGone`."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return order(self._exactly(length))

    def function(self, name: str) -> Callable[[Any], Any]:
        """A function of the host, as the engine calls it; raises :class:`RuntimeError` with what the host says."""

        def ask(request: Any) -> Any:
            self.send(Ask(name, msgspec.Raw(msgspec.json.encode(request))))
            reply = self.receive()
            assert isinstance(reply, Reply)
            if reply.failure is not None:
                raise RuntimeError(reply.failure)
            return msgspec.json.decode(reply.value)

        return ask

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._connection.recv(min(count - len(parts), 1 << 20))
            if not part:
                raise KernelGone(0)
            parts += part
        return bytes(parts)


class GuestLines(logging.Handler):
    """What a skill prints and logs, up to a number of bytes for each call."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self.complaint = ""
        """The last error of the engine or the skill."""
        self._left = 0
        self._dropped = 0

    def begin(self, most_bytes: int) -> None:
        self._left, self._dropped = most_bytes, 0

    def end(self) -> int:
        """Bytes that were too many."""
        self._left = 0
        return self._dropped

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.ERROR:
            self.complaint = text
        if text.startswith(_PREFIX):
            text = text.partition("] ")[2]
        elif record.levelno < logging.WARNING:
            return  # the engine about itself
        size = len(text.encode("utf-8", "replace"))
        if size > self._left:
            self._dropped += size
            return
        self._left -= size
        self._link.send(Log(text, severe=record.levelno >= logging.WARNING))
