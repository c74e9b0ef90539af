"""The worker processes of all packages: lent to calls, kept for the next, ended when idle for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pharia_kernel.runtimes.lua.child.messages import Load
from pharia_kernel.runtimes.lua.nursery import Nursery
from pharia_kernel.runtimes.lua.worker_process import WorkerProcess
from pharia_kernel.runtimes.skill import InstancePolicy

_MOST_CALLS = 10_000
"""Of one process, whatever else is allowed: what leaks in it is bounded."""
_SPARE = 2
"""After an answer a process makes the VM of its next call; meanwhile another one is ready."""
_within_a_call: ContextVar[bool] = ContextVar("within_a_call", default=False)


@dataclass(eq=False)
class ServedPackage:
    """One version of one package; its workers serve nobody else."""

    load: Load
    policy: InstancePolicy
    retired: bool = False

    @property
    def most_calls(self) -> int:
        reuse = self.policy.reuse
        return _MOST_CALLS if reuse == 1 else min(reuse, _MOST_CALLS)


@dataclass(eq=False)
class _Idle:
    package: ServedPackage
    worker: WorkerProcess
    expiry: asyncio.TimerHandle = field(init=False)


class Workers:
    """``most`` processes serve calls at the same time; others wait for one.

    A call that a skill makes from within a call waits for none: its caller keeps one as long as it waits.
    """

    def __init__(self, nursery: Nursery, most: int) -> None:
        self._nursery = nursery
        self._most = most
        self._places = asyncio.Semaphore(most)
        self._idle: list[_Idle] = []

    @property
    def busy(self) -> int:
        """Processes that serve calls, without those for calls from within a call."""
        return self._most - self._places._value

    @property
    def free(self) -> int:
        return self._places._value

    @property
    def idle(self) -> int:
        return len(self._idle)

    @asynccontextmanager
    async def lend(self, package: ServedPackage) -> AsyncGenerator[WorkerProcess, None]:
        """A worker that has loaded the package; it is ended unless it is reusable afterwards."""
        if _within_a_call.get():
            async with self._lent(package) as worker:
                yield worker
            return
        async with self._places, self._lent(package) as worker:
            yield worker

    async def try_out(self, package: ServedPackage) -> dict[str, str]:
        """Make workers load the package and keep them; gives the entries that do not compile.

        Raises :class:`WorkerFailure`, :class:`WorkerDied` and :class:`~pharia_kernel.errors.SkillLoadError`.
        """
        worker, broken = await self._new(package)
        self._keep(package, worker)
        for _ in range(1, _SPARE if package.policy.spare is None else package.policy.spare):
            other, _ = await self._new(package)
            self._keep(package, other)
        return broken

    def retire(self, package: ServedPackage) -> None:
        package.retired = True
        for idle in [idle for idle in self._idle if idle.package is package]:
            self._close(idle)

    @asynccontextmanager
    async def _lent(self, package: ServedPackage) -> AsyncGenerator[WorkerProcess, None]:
        worker = self._ready(package)
        if worker is None:
            worker, _ = await self._new(package)
        outer = _within_a_call.set(True)
        try:
            yield worker
        finally:
            _within_a_call.reset(outer)
            if worker.reusable and not package.retired and worker.calls < package.most_calls:
                self._keep(package, worker)
            else:
                await worker.end()

    def _ready(self, package: ServedPackage) -> WorkerProcess | None:
        """The one that rested longest, where calls share nothing; else the one whose memory is warm."""
        mine = [idle for idle in self._idle if idle.package is package]
        for idle in mine if package.policy.reuse == 1 else reversed(mine):
            idle.expiry.cancel()
            self._idle.remove(idle)
            if idle.worker.alive:
                return idle.worker
            idle.worker.close()
        return None

    async def _new(self, package: ServedPackage) -> tuple[WorkerProcess, dict[str, str]]:
        """With the entries that do not compile."""
        worker = await self._nursery.birth()
        try:
            return worker, await worker.load(package.load)
        except BaseException:
            await worker.end()
            raise

    def _keep(self, package: ServedPackage, worker: WorkerProcess) -> None:
        while self._idle and len(self._idle) >= self._most:
            self._close(self._idle[0])
        idle = _Idle(package, worker)
        idle.expiry = asyncio.get_running_loop().call_later(package.policy.idle_seconds, self._expire, idle)
        self._idle.append(idle)

    def _expire(self, idle: _Idle) -> None:
        """The ones kept ready stay."""
        mine = sum(other.package is idle.package for other in self._idle)
        if mine > (idle.package.policy.spare or 0):
            self._close(idle)

    def _close(self, idle: _Idle) -> None:
        idle.expiry.cancel()
        self._idle.remove(idle)
        idle.worker.close()
