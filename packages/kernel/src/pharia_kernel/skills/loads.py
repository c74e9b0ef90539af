"""The loads that wait for a worker: those a caller waits for come first, otherwise in order of arrival."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable

from pharia_kernel.types import SkillPath

Load = Callable[[], Awaitable[None]]


class LoadQueue:
    """At most one waiting load per skill, and few running ones per namespace: a registry may hang."""

    def __init__(self, per_namespace: int = 2) -> None:
        self._urgent: OrderedDict[SkillPath, Load] = OrderedDict()
        self._background: OrderedDict[SkillPath, Load] = OrderedDict()
        self._per_namespace = per_namespace
        self._running: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, path: SkillPath, load: Load) -> None:
        if path not in self._urgent:
            self._background[path] = load
            self._changed.set()
            self._idle.clear()

    async def join(self) -> None:
        """Wait until no load waits or runs."""
        await self._idle.wait()

    def urge(self, path: SkillPath) -> None:
        """A caller waits for this load, if it is still waiting itself."""
        load = self._background.pop(path, None)
        if load is not None:
            self._urgent[path] = load

    async def work(self) -> None:
        """Run loads one after the other, for ever. Loads do not raise."""
        while True:
            while (found := self._next()) is None:
                self._changed.clear()
                await self._changed.wait()
            path, load = found
            self._running[path.namespace] += 1
            try:
                await load()
            finally:
                self._running[path.namespace] -= 1
                self._changed.set()
                if not (self._running.total() or self._urgent or self._background):
                    self._idle.set()

    def _next(self) -> tuple[SkillPath, Load] | None:
        for queue in (self._urgent, self._background):
            for path in queue:
                if self._running[path.namespace] < self._per_namespace:
                    return path, queue.pop(path)
        return None
