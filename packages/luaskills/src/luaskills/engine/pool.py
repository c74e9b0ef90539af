"""The VMs of one load: reused last in first out, never more than allowed at once, dropped when idle for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from luaskills.engine.options import PoolConfig
from luaskills.engine.vm import Vm
from luaskills.errors import EngineError

_WAIT_SECONDS = 60.0


class VmPool:
    """Lends VMs. ``key`` names who may use a VM again: one key for all, or one per skill.

    A thread that holds a VM already gets another one beyond ``max_size`` at once: waiting there could wait for itself.
    """

    def __init__(self, config: PoolConfig, make: Callable[[], Vm], reuse: bool = True) -> None:
        self._config, self._make, self._reuse = config, make, reuse
        self._free = threading.Condition(threading.Lock())
        self._idle: list[tuple[str, Vm]] = []
        self._lent = 0
        self._held = threading.local()
        self._retired = False

    def warm(self, key: str) -> None:
        """Make the VMs that stand ready."""
        for _ in range(self._config.min_size):
            self._idle.append((key, self._make()))

    @property
    def holds(self) -> int:
        """How many VMs the calling thread holds."""
        return getattr(self._held, "count", 0)

    @contextmanager
    def lend(self, key: str, wait_seconds: float = _WAIT_SECONDS) -> Iterator[Vm]:
        """A VM for one call; raises EngineError when none gets free in time."""
        nested = self.holds > 0
        vm = self._take(key, nested, wait_seconds)
        self._held.count = self.holds + 1
        try:
            yield vm
        finally:
            self._held.count -= 1
            self._give_back(key, vm, nested)

    def retire(self) -> None:
        """Drop idle VMs now and every lent one when it comes back."""
        with self._free:
            self._retired = True
            idle, self._idle = self._idle, []
        for _, vm in idle:
            vm.close()

    def _take(self, key: str, nested: bool, wait_seconds: float) -> Vm:
        with self._free:
            if not nested:
                if not self._free.wait_for(lambda: self._lent < self._config.max_size, wait_seconds):
                    raise EngineError(
                        f"no VM got free within {wait_seconds:g} s: {self._lent} calls run (raise pool_config.max_size)"
                    )
                self._lent += 1
            vm = self._pop(key)
        if vm is not None:
            return vm
        try:
            return self._make()
        except BaseException:
            if not nested:
                self._release_slot()
            raise

    def _pop(self, key: str) -> Vm | None:
        self._drop_old()
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index][0] == key:
                return self._idle.pop(index)[1]
        return None

    def _drop_old(self) -> None:
        oldest = time.monotonic() - self._config.idle_ttl_secs
        spare = len(self._idle) - self._config.min_size
        while spare > 0 and self._idle[0][1].idle_since < oldest:
            self._idle.pop(0)[1].close()
            spare -= 1

    def _give_back(self, key: str, vm: Vm, nested: bool) -> None:
        vm.surface()
        keep = self._reuse and not vm.dropped and not vm.heavy
        with self._free:
            dropped: Vm | None = vm
            if keep and not self._retired:
                dropped = self._idle.pop(0)[1] if len(self._idle) >= self._config.max_size else None
                vm.idle_since = time.monotonic()
                self._idle.append((key, vm))
        if not nested:
            self._release_slot()
        if dropped is not None:
            dropped.close()

    def _release_slot(self) -> None:
        with self._free:
            self._lent -= 1
            self._free.notify()
