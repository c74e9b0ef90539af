"""Several worker processes behind one address, started again when one ends by itself.

Every worker is a whole kernel with a listening socket of its own; the system spreads connections over them
(``SO_REUSEPORT``). The sockets belong to the process that watches: what connects while a worker is started again waits.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from pharia_kernel.api.server import bind, url_of
from pharia_kernel.cli.channel import WorkerChannel
from pharia_kernel.cli.hangup import Hangup, hangups
from pharia_kernel.cli.numbers import WorkerNumbers
from pharia_kernel.cli.open_files import allow_open_files
from pharia_kernel.cli.peers.hub import Hub, Joined
from pharia_kernel.cli.privacy import keep_private
from pharia_kernel.cli.serve import serving_numbers
from pharia_kernel.cli.stop import Stop, stop_signals
from pharia_kernel.config import Settings
from pharia_kernel.errors import ConfigError

_LOG = logging.getLogger("pharia_kernel.cli")
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STABLE_SECONDS = 60.0
_AFTER_GRACE = 15.0
"""Seconds a worker gets beyond the grace period to take itself down."""


async def serve_with_workers(settings: Settings, options: Sequence[str], say: Callable[[str], None]) -> None:
    """Keep ``settings.workers`` processes serving until SIGINT or SIGTERM, then let them finish.

    ``options`` are those of the command line, for the workers to read their settings from. Raises
    :class:`~pharia_kernel.errors.ConfigError`.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigError("workers: this system can not share an address between processes (set WORKERS to 1)")
    for warning in settings.warnings:
        _LOG.warning(warning)
    allow_open_files()
    keep_private()
    async with AsyncExitStack() as stack:
        listeners = _bind(settings, stack)
        numbers = WorkerNumbers()
        hub = await stack.enter_async_context(Hub(settings))
        await stack.enter_async_context(serving_numbers(settings, numbers.together))
        stop = stack.enter_context(stop_signals())
        hangup = stack.enter_context(hangups(stop))
        workers = [
            _Worker(index, listener, settings, options, numbers, hub) for index, listener in enumerate(listeners)
        ]
        tasks = [asyncio.create_task(worker.keep(stop), name=f"worker {worker.index}") for worker in workers]
        forwarding = asyncio.create_task(_forward(hangup, workers), name="forward hangups")
        try:
            await _listening(workers, tasks, stop)
            if not stop.asked:
                say(f"Listening on {url_of(listeners[0])} ({len(workers)} workers)")
                say(workers[0].readiness)
                await stop.wait()
                for worker in workers:
                    worker.stop()
                await asyncio.sleep(0)  # they are told before anybody can send the second signal
                say("Stopping; calls in flight may finish (a second signal ends them)")
        finally:
            stop.ask()
            for listener in listeners:  # the workers close theirs later; after that nobody shall wait in a queue here
                listener.close()
            forwarding.cancel()
            await asyncio.gather(*tasks, forwarding, return_exceptions=True)
    for task in tasks:
        task.result()


def _bind(settings: Settings, stack: AsyncExitStack) -> list[socket.socket]:
    first = stack.enter_context(bind(settings.kernel_address, shared=True))
    address = url_of(first).removeprefix("http://")  # port 0 has become a real one
    return [first, *(stack.enter_context(bind(address, shared=True)) for _ in range(settings.workers - 1))]


async def _listening(workers: Sequence[_Worker], tasks: Sequence[asyncio.Task[None]], stop: Stop) -> None:
    """Return when all listen, or when it has become clear that they will not."""
    waits = [asyncio.create_task(stop.wait()), *(asyncio.create_task(worker.listening.wait()) for worker in workers)]
    try:
        while not stop.asked and not all(worker.listening.is_set() for worker in workers):
            await asyncio.wait([*tasks, *(wait for wait in waits if not wait.done())], return_when="FIRST_COMPLETED")
            if any(task.done() for task in tasks):
                return stop.ask()
    finally:
        for wait in waits:
            wait.cancel()


async def _forward(hangup: Hangup, workers: Sequence[_Worker]) -> None:
    while True:
        await hangup.wait()
        for worker in workers:
            worker.reload()


class _Worker:
    def __init__(
        self,
        index: int,
        listener: socket.socket,
        settings: Settings,
        options: Sequence[str],
        numbers: WorkerNumbers,
        hub: Hub,
    ) -> None:
        self.index = index
        self.listening = asyncio.Event()
        self.readiness = ""
        self._listener = listener
        self._settings = settings
        self._options = options
        self._numbers = numbers
        self._hub = hub
        self._ready: asyncio.subprocess.Process | None = None
        self._to_reload = False
        self._channel: WorkerChannel | None = None

    def stop(self) -> None:
        """Have its process finish, if it runs."""
        if self._channel is not None:
            self._channel.stop()

    def reload(self) -> None:
        """Have its process read the settings again; one that is just starting does so afterwards."""
        self._to_reload = True
        self._pass_on()

    async def keep(self, stop: Stop) -> None:
        """Have a process running until ``stop``; raises :class:`ConfigError` when it can not even begin to serve."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while not stop.asked:
            began = loop.time()
            code = await self._run(stop)
            if stop.asked:
                return
            if not self.listening.is_set():
                raise ConfigError(f"worker {self.index} could not start (exit code {code}); see its message above")
            _LOG.error("worker %d ended by itself (exit code %s); starting it again", self.index, code)
            pause = _FIRST_PAUSE if loop.time() - began > _STABLE_SECONDS else min(2 * pause, _LONGEST_PAUSE)
            await stop.wait(pause)

    async def _run(self, stop: Stop) -> int | None:
        async with self._process() as (process, channel):
            self._channel = channel
            asked = asyncio.create_task(stop.wait())
            ended = asyncio.create_task(process.wait())
            heard = asyncio.create_task(self._hear(process, channel))
            try:
                await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    channel.stop()
                    await asyncio.wait((ended,), timeout=self._longest_end)
            finally:
                self._ready = self._channel = None
                for task in (asked, ended, heard):
                    task.cancel()
        return process.returncode

    @property
    def _longest_end(self) -> float:
        return self._settings.shutdown.delay_seconds + self._settings.limits.grace_seconds + _AFTER_GRACE

    def _pass_on(self) -> None:
        if self._to_reload and self._ready is not None:
            self._to_reload = False
            with suppress(ProcessLookupError):  # ended; its successor reads them anyway
                self._ready.send_signal(signal.SIGHUP)

    async def _hear(self, process: asyncio.subprocess.Process, channel: WorkerChannel) -> None:
        self.readiness = await channel.readiness()
        self._numbers.join(channel)
        self._hub.serves(self.index)
        self.listening.set()
        self._ready = process
        self._pass_on()

    @asynccontextmanager
    async def _process(self) -> AsyncGenerator[tuple[asyncio.subprocess.Process, WorkerChannel], None]:
        """Leaving the context ends it for sure."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            async with self._hub.joined(self.index) as joined, self._started(ours, theirs, joined) as started:
                yield started

    @asynccontextmanager
    async def _started(
        self, ours: socket.socket, theirs: socket.socket, joined: Joined
    ) -> AsyncGenerator[tuple[asyncio.subprocess.Process, WorkerChannel], None]:
        files = (self._listener.fileno(), theirs.fileno())
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "pharia_kernel",
                *self._options,
                "worker",
                *map(str, files),
                "--shared",
                str(joined.shared),
            ),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(*files, *joined.shared.descriptors),
            start_new_session=True,  # an interrupt in the terminal is for the process that watches
        )
        theirs.close()
        joined.end.close()
        channel = await WorkerChannel.open(ours)
        try:
            yield process, channel
        finally:
            self._numbers.leave(channel)
            channel.close()
            if process.returncode is None:
                process.kill()
                await process.wait()
