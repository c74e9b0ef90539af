"""One worker process as the kernel sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from pharia_kernel.runtimes.lua.child.messages import (
    LARGEST,
    LENGTH,
    Ask,
    Call,
    Done,
    Failed,
    FromKernel,
    FromWorker,
    Load,
    Log,
    Ready,
    Reply,
    packed,
    report,
)

_END_SECONDS = 5.0


class WorkerFailure(Exception):
    """The worker says what went wrong; ``code`` is one of the engine's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class WorkerDied(Exception):
    """It ended amid its work, or says what makes no sense."""


class Host(Protocol):
    """Who a call belongs to."""

    async def answer(self, name: str, request: bytes) -> Reply: ...

    def log(self, text: str, severe: bool) -> None: ...

    def dropped(self, count: int) -> None:
        """Bytes of log that were too many."""
        ...


class WorkerProcess:
    """``reusable`` once it answered; whoever holds it ends it where it is not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kill: Callable[[], None]) -> None:
        self.reusable = False
        self.calls = 0
        self._reader, self._writer, self._kill = reader, writer, kill

    @property
    def alive(self) -> bool:
        return not self._reader.at_eof()

    async def load(self, load: Load) -> dict[str, str]:
        """Entries that do not compile, with the reason. Raises :class:`WorkerFailure` and :class:`WorkerDied`."""
        await self._send(load)
        while True:
            match await self._receive():
                case Ready(broken=broken):
                    self.reusable = True
                    return broken
                case Failed(code=code, message=message):
                    raise WorkerFailure(code, message)
                case Log():
                    pass
                case other:
                    raise WorkerDied(f"it loads a package and says {type(other).__name__}")

    async def call(self, call: Call, host: Host) -> bytes:
        """JSON. Raises :class:`WorkerFailure`, :class:`WorkerDied`, and what ``host`` raises."""
        self.reusable = False
        self.calls += 1
        await self._send(call)
        while True:
            match await self._receive():
                case Ask(name=name, request=request):
                    await self._send(await host.answer(name, bytes(request)))
                case Log(text=text, severe=severe):
                    host.log(text, severe)
                case Done() as done:
                    self._finished(done, host)
                    return bytes(done.result)
                case Failed() as failed:
                    self._finished(failed, host)
                    raise WorkerFailure(failed.code, failed.message)
                case other:
                    raise WorkerDied(f"it runs a call and says {type(other).__name__}")

    def close(self) -> None:
        """It ends by itself, unless it is amid a call."""
        self.reusable = False
        self._writer.close()

    async def end(self) -> None:
        """Returns when it is gone."""
        self.reusable = False
        self._kill()
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_END_SECONDS):
                while await self._reader.read(1 << 16):
                    pass
        self._writer.close()

    def _finished(self, end: Done | Failed, host: Host) -> None:
        self.reusable = not end.worn
        if end.dropped:
            host.dropped(end.dropped)

    async def _send(self, message: FromKernel) -> None:
        try:
            self._writer.write(packed(message))
            await self._writer.drain()
        except OSError as error:
            raise WorkerDied(f"its process ended ({error})") from None

    async def _receive(self) -> FromWorker:
        try:
            (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            if length > LARGEST:
                raise WorkerDied(f"it says {length:,} bytes at once")
            return report(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            raise WorkerDied("its process ended") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WorkerDied(f"it makes no sense ({error})") from None
