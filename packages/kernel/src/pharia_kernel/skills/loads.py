"""The loads that wait for a worker: those a caller waits for come first, otherwise in order of arrival."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from pharia_kernel.types import SkillPath

Load = Callable[[], Awaitable[None]]


class LoadQueue:
    """At most one waiting load per skill."""

    def __init__(self) -> None:
        self._urgent: OrderedDict[SkillPath, Load] = OrderedDict()
        self._background: OrderedDict[SkillPath, Load] = OrderedDict()
        self._running = 0
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, path: SkillPath, load: Load) -> None:
        if path not in self._urgent:
            self._background[path] = load
            self._filled.set()
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
            while not (queue := self._urgent or self._background):
                self._filled.clear()
                await self._filled.wait()
            _, load = queue.popitem(last=False)
            self._running += 1
            try:
                await load()
            finally:
                self._running -= 1
                if not (self._running or self._urgent or self._background):
                    self._idle.set()
