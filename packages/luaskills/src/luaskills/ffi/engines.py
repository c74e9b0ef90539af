"""The engines of one JSON FFI, by the number their owner holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.errors import EngineError
from luaskills.ffi.leases import Leases
from luaskills.management import Management


@dataclass(frozen=True, slots=True)
class Held:
    """One engine and what the FFI keeps beside it."""

    engine: Engine
    management: Management
    leases: Leases = field(default_factory=Leases)


class Engines:
    """Engines numbered 1, 2, …; a number is never given twice. Thread safe."""

    def __init__(self, callbacks: CallbackTable) -> None:
        self._callbacks = callbacks
        self._lock = threading.Lock()
        self._held: dict[int, Held] = {}
        self._last = 0

    def new(self, options: EngineOptions) -> int:
        """The number of a new engine."""
        engine = Engine(options, self._callbacks)
        with self._lock:
            self._last += 1
            self._held[self._last] = Held(engine, Management(engine))
            return self._last

    def get(self, number: int) -> Held:
        """The engine of a number; raises EngineError."""
        held = self._held.get(number)
        if held is None:
            raise _unknown(number)
        return held

    def free(self, number: int) -> None:
        """Close an engine; raises EngineError when it is not there."""
        with self._lock:
            held = self._held.pop(number, None)
        if held is None:
            raise _unknown(number)
        held.engine.close()


def _unknown(number: int) -> EngineError:
    return EngineError(f"FFI engine {number} not found")
