"""The host's side of the handles one execution holds."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import Any

from pharia_kernel.runtimes.wasm.host.errors import HostError


class ResourceTable:
    """Numbers for objects. Objects with a ``close`` method get it called on the event loop, once, when dropped."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._objects: dict[int, Any] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._objects)

    def count(self, kind: type) -> int:
        return sum(isinstance(entry, kind) for entry in self._objects.values())

    def add(self, entry: object) -> int:
        number = next(self._numbers)
        self._objects[number] = entry
        return number

    def get(self, number: int) -> Any:
        try:
            return self._objects[number]
        except KeyError:
            raise HostError(f"handle {number} is not in use") from None

    def drop(self, number: int) -> None:
        """Called on the guest's stack: closing is left to the event loop."""
        entry = self._objects.pop(number, None)
        close = getattr(entry, "close", None)
        if close is not None:
            with suppress(RuntimeError):  # the loop is closed, and so is what it owned
                self._loop.call_soon_threadsafe(close)

    def drop_all(self) -> None:
        """wasmtime runs no destructors when a store goes away."""
        for number in list(self._objects):
            self.drop(number)
