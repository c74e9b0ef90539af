"""One of several worker processes, as its kernel sees the others."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from pharia_kernel.cli.peers.hub import Shared
from pharia_kernel.cli.peers.wire import ANSWER_SECONDS, Unanswered, Wire, wired
from pharia_kernel.composition.peers import WorkerStatus
from pharia_kernel.composition.quotas import limit_table, usage_book
from pharia_kernel.config import Settings
from pharia_kernel.errors import Saturated
from pharia_kernel.quotas import Admission, Ledger, LimitTable, Quotas
from pharia_kernel.quotas.bells import Bells
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import SkillPath
from pharia_kernel.usage import Row

if TYPE_CHECKING:
    from pharia_kernel.kernel import Kernel

_TELL_SECONDS = 1.0
"""Between what it tells about its usage; a process that is killed takes with it what it has not told."""


class WorkerPeers:
    """Implements :class:`~pharia_kernel.composition.peers.Peers`."""

    def __init__(self, shared: Shared, settings: Settings, metrics: Metrics) -> None:
        self.book = usage_book(settings, metrics)
        self.workers = WorkerStatus(settings.workers)
        self._shared = shared
        self._settings = settings
        self._kernel: Kernel | None = None
        self._wire: Wire | None = None
        self._stack = AsyncExitStack()

    def answer_for(self, kernel: Kernel) -> None:
        """What the others ask is asked of this kernel from now on."""
        self._kernel = kernel

    def table(self, settings: Settings) -> LimitTable:
        return limit_table(settings, settings.workers)

    async def __aenter__(self) -> Quotas:
        from pharia_kernel.quotas.shared_memory import SharedMemory  # not on Windows

        shared, workers = self._shared, self._settings.workers
        async with AsyncExitStack() as stack:
            handlers = {
                "drain": self._drain,
                "evict": self._evict,
                "cached": self._cached,
                "workers": self._take_workers,
            }
            self._wire = await stack.enter_async_context(wired(socket.socket(fileno=shared.wire), handlers))
            ledger = Ledger(SharedMemory(shared.memory), shared.number, workers)
            admission = Admission(ledger, shared.number, workers, Bells(shared.bell, shared.bells))
            quotas = Quotas(self.table(self._settings), ledger, admission)
            stack.callback(quotas.close)
            telling = asyncio.create_task(self._tell_often(self._wire), name="usage for the watcher")
            stack.push_async_callback(self._tell_last, self._wire, telling)
            self._stack = stack.pop_all()
        return quotas

    async def __aexit__(self, *exc: object) -> None:
        self._kernel = None
        await self._stack.aclose()

    async def usage(self) -> list[Row]:
        return msgspec.convert(await self._ask("usage"), list[Row])

    async def evict(self, skill: SkillPath) -> bool:
        return bool(await self._ask("evict", [skill.namespace, skill.name]))

    async def cached(self) -> list[SkillPath]:
        return [SkillPath(namespace, name) for namespace, name in await self._ask("cached")]

    async def _ask(self, question: str, content: object = None) -> Any:
        if self._wire is None:
            raise Saturated("the kernel is not running")
        try:
            return await self._wire.ask(question, content, 2 * ANSWER_SECONDS)
        except Unanswered as error:
            raise Saturated(f"the other processes of this kernel can not be asked now ({error}); try again") from None

    async def _drain(self, _: object) -> list[Row]:
        return self.book.drain()

    async def _take_workers(self, serving: Any) -> None:
        self.workers = WorkerStatus(self._settings.workers, serving)

    async def _evict(self, skill: Any) -> bool:
        return self._kernel is not None and self._kernel.evict(SkillPath(*skill))

    async def _cached(self, _: object) -> list[tuple[str, str]]:
        return [] if self._kernel is None else [(path.namespace, path.name) for path in self._kernel.cached()]

    async def _tell_often(self, wire: Wire) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            await self._tell(wire)

    async def _tell_last(self, wire: Wire, telling: asyncio.Task[None]) -> None:
        telling.cancel()
        await asyncio.wait({telling})
        await self._tell(wire)

    async def _tell(self, wire: Wire) -> None:
        if rows := self.book.drain():
            with suppress(Unanswered):  # then this process ends too
                await wire.ask("used", rows)
