"""The processes that serve the same address together: what they count and answer is the same whichever is asked."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from pharia_kernel.composition.quotas import count_today, limit_table, usage_book
from pharia_kernel.config import Settings
from pharia_kernel.quotas import LimitTable, Quotas
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import SkillPath
from pharia_kernel.usage import Row, UsageBook
from pharia_kernel.usage.file import kept_in


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The processes that serve the same address."""

    configured: int = 1
    serving: int = 1
    """Those that have started, and not ended."""


class Peers(Protocol):
    """An async context manager; it gives the quotas of this process."""

    @property
    def book(self) -> UsageBook:
        """Where this process notes what is used."""
        ...

    @property
    def workers(self) -> WorkerStatus: ...

    def table(self, settings: Settings) -> LimitTable:
        """What this process keeps to."""
        ...

    async def __aenter__(self) -> Quotas: ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def usage(self) -> list[Row]:
        """Of all."""
        ...

    async def evict(self, skill: SkillPath) -> bool:
        """Have the others forget the skill's loaded version; True if one had it."""
        ...

    async def cached(self) -> list[SkillPath]:
        """What the others have loaded."""
        ...


class Alone:
    """Implements :class:`Peers` for a single process."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.book = usage_book(settings, metrics)
        self.workers = WorkerStatus()
        self._settings = settings
        self._stack = AsyncExitStack()

    def table(self, settings: Settings) -> LimitTable:
        return limit_table(settings)

    async def __aenter__(self) -> Quotas:
        async with AsyncExitStack() as stack:
            quotas = Quotas.alone(self.table(self._settings))
            stack.callback(quotas.close)
            if (file := self._settings.usage.file) is not None:
                await stack.enter_async_context(kept_in(file, self.book))
                count_today(quotas.ledger, self.book, self._settings)
            self._stack = stack.pop_all()
        return quotas

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def usage(self) -> list[Row]:
        return self.book.rows()

    async def evict(self, skill: SkillPath) -> bool:
        return False

    async def cached(self) -> list[SkillPath]:
        return []
