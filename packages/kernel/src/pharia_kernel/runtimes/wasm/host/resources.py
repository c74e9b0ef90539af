"""The host's side of the handles one instance holds."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pharia_kernel.runtimes.wasm.host.errors import HostError


@dataclass(frozen=True, slots=True)
class Handle:
    """An argument of a call: becomes a number in the table of the instance that is called."""

    entry: object


class ResourceTable:
    """Numbers for objects. Those with a ``close`` method belong to a call: they are closed, once, when they are dropped
    or the call ends, on the event loop of the call."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
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
        if close is not None and self.loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and so is what it owned
                self.loop.call_soon_threadsafe(close)

    def end_call(self) -> None:
        """Close what belongs to the call; the guest may still drop its handles later, and do nothing else with them."""
        for number, entry in list(self._objects.items()):
            if hasattr(entry, "close"):
                self.drop(number)

    def drop_all(self) -> None:
        """wasmtime runs no destructors when a store goes away."""
        for number in list(self._objects):
            self.drop(number)
