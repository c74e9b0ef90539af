"""Where worker processes come from, and who ends them: the kernel's side of the zygote."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections import deque
from contextlib import suppress
from importlib.util import find_spec
from itertools import count

from pharia_kernel.csi.child_environment import child_environment
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.child.zygote import BIRTH, KILL, ORDER, READY
from pharia_kernel.runtimes.lua.package import MISSING
from pharia_kernel.runtimes.lua.worker_process import WorkerProcess

logger = logging.getLogger("pharia_kernel.skill")

_MODULE = "pharia_kernel.runtimes.lua.child.zygote"
_BUFFER_BYTES = 1 << 20
_START_SECONDS = 60.0
_ORDER_SECONDS = 5.0
_END_SECONDS = 5.0


def check_installed() -> None:
    """Raises :class:`SkillLoadError` where the engine is missing."""
    if find_spec("luaskills") is None or find_spec("lupa") is None:
        raise SkillLoadError(MISSING)


class Nursery:
    """An async context manager. The zygote is started for the first worker, and again where it has ended."""

    def __init__(self) -> None:
        self._zygote: _Zygote | None = None
        self._starting = asyncio.Lock()
        self._numbers = count()

    async def __aenter__(self) -> Nursery:
        return self

    async def __aexit__(self, *exc: object) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            await zygote.end()

    async def birth(self) -> WorkerProcess:
        """Raises :class:`SkillLoadError`."""
        check_installed()
        async with self._starting:
            if self._zygote is not None and not self._zygote.alive:
                dead, self._zygote = self._zygote, None
                await dead.end()
            if self._zygote is None:
                self._zygote = await _Zygote.start()
        number = next(self._numbers) & 0xFFFFFFFF
        zygote = self._zygote
        connection = zygote.bear(number)
        try:
            reader, writer = await asyncio.open_connection(sock=connection, limit=_BUFFER_BYTES)
        except BaseException:
            connection.close()
            raise
        return WorkerProcess(reader, writer, lambda: zygote.kill(number))


class _Zygote:
    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process, self._control = process, control
        self._last_words: deque[str] = deque(maxlen=5)
        self._listening = asyncio.create_task(self._listen())

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @classmethod
    async def start(cls) -> _Zygote:
        """Raises :class:`SkillLoadError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", _MODULE, str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                env=child_environment(),
                start_new_session=True,  # an interrupt in the terminal is the kernel's to handle
            )
        zygote = cls(process, ours)
        ours.setblocking(False)
        try:
            async with asyncio.timeout(_START_SECONDS):
                if await asyncio.get_running_loop().sock_recv(ours, 1) == READY:
                    ours.settimeout(_ORDER_SECONDS)
                    return zygote
                await process.wait()
        except TimeoutError:
            pass
        except BaseException:
            await zygote.end()
            raise
        await zygote.end()
        said = "; ".join(zygote._last_words) or "nothing was said"
        raise SkillLoadError(f"the process for Lua skills did not start: {said}")

    def bear(self, number: int) -> socket.socket:
        """The connection with a new worker. Raises :class:`SkillLoadError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [ORDER.pack(BIRTH, number)], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise SkillLoadError(f"the process for Lua skills makes no workers: {error}") from None
        ours.setblocking(False)
        return ours

    def kill(self, number: int) -> None:
        """Without its zygote a worker has ended already."""
        with suppress(OSError):
            self._control.sendall(ORDER.pack(KILL, number))

    async def end(self) -> None:
        """Its workers end with it."""
        self._control.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
            self._listening.cancel()
            await asyncio.wait({self._listening})

    async def _listen(self) -> None:
        """What native code in the processes says."""
        stderr = self._process.stderr
        assert stderr is not None
        rest = b""
        while data := await stderr.read(64 * 1024):
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[-4096:]
            for line in lines:
                text = line[:1000].decode("utf-8", "replace")
                self._last_words.append(text)
                logger.debug("a process for Lua skills: %s", text)
