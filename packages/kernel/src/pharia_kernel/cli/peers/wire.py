"""Questions and answers between two processes, both ways, over a socket."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import msgspec

logger = logging.getLogger("pharia_kernel.cli")

ANSWER_SECONDS = 5.0
_LARGEST = 64 * 1024 * 1024
_SIZE = 4

Handler = Callable[[Any], Awaitable[Any]]
"""Answers one kind of question; both are made of what JSON has."""


class Unanswered(Exception):
    """The other process ended, did not answer in time, or failed."""


class _Message(msgspec.Struct, array_like=True):
    number: int
    question: str | None
    """Its kind; None for an answer."""
    content: Any = None
    failed: bool = False


_decoder = msgspec.msgpack.Decoder(_Message)


class Wire:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Mapping[str, Handler]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._ended = False

    async def ask(self, question: str, content: object = None, seconds: float = ANSWER_SECONDS) -> Any:
        """Raises :class:`Unanswered`."""
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                self._send(_Message(number, question, content))
                return await answer
        except TimeoutError:
            raise Unanswered(f"no answer within {seconds:g} s") from None
        finally:
            del self._asked[number]

    def tell(self, question: str, content: object = None) -> None:
        """Like :meth:`ask` where nobody waits for the answer; who is gone is not told."""
        with suppress(Unanswered):
            self._send(_Message(next(self._numbers), question, content))

    async def answer(self) -> None:
        """Answer until the other process ends."""
        async with asyncio.TaskGroup() as answering:
            try:
                while True:
                    message = await self._read()
                    if message.question is not None:
                        answering.create_task(self._answer(message))
                    elif (asked := self._asked.get(message.number)) is not None and not asked.done():
                        if message.failed:
                            asked.set_exception(Unanswered("the other process could not answer"))
                        else:
                            asked.set_result(message.content)
            except (EOFError, OSError, msgspec.DecodeError):
                self._ended = True
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(Unanswered("the other process has ended"))

    async def _read(self) -> _Message:
        size = int.from_bytes(await self._reader.readexactly(_SIZE), "big")
        if size > _LARGEST:
            raise EOFError("too large")
        return _decoder.decode(await self._reader.readexactly(size))

    async def _answer(self, message: _Message) -> None:
        failed, content = False, None
        try:
            content = await self._handlers[message.question or ""](message.content)
        except Exception:
            logger.exception("answering %s", message.question)
            failed = True
        if not self._ended:
            self._send(_Message(message.number, None, content, failed))

    def _send(self, message: _Message) -> None:
        if self._ended or self._writer.is_closing():
            raise Unanswered("the other process has ended")
        data = msgspec.msgpack.encode(message)
        self._writer.write(len(data).to_bytes(_SIZE, "big") + data)


@asynccontextmanager
async def wired(end: socket.socket, handlers: Mapping[str, Handler]) -> AsyncGenerator[Wire, None]:
    """Answers while the context is open."""
    wire = Wire(*(streams := await asyncio.open_connection(sock=end)), handlers)
    answering = asyncio.create_task(wire.answer(), name="answers for other workers")
    try:
        yield wire
    finally:
        answering.cancel()
        await asyncio.wait({answering})
        streams[1].close()
