"""Instances made before they are asked for, while no guest wants to compute."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import NoReturn
from weakref import WeakSet

from pharia_kernel.runtimes.wasm.host.component import LinkedComponent
from pharia_kernel.runtimes.wasm.host.errors import HostError
from pharia_kernel.runtimes.wasm.host.functions import running
from pharia_kernel.runtimes.wasm.host.instance import Instance
from pharia_kernel.runtimes.wasm.host.workers import Workers

_MOST_TURNS = 20
"""A component that computes longer while it is instantiated does so in the call, which has a deadline."""


class Spares:
    """Up to ``each`` ready instances of every component called lately, ``total`` in all.

    Every call still has an instance of its own.
    """

    def __init__(self, workers: Workers, each: int, total: int) -> None:
        self._workers = workers
        self._each = each
        self._total = total
        self._lock = threading.Lock()
        self._ready: OrderedDict[LinkedComponent, list[Instance]] = OrderedDict()
        """Least recently used first."""
        self._coming: Counter[LinkedComponent] = Counter()
        self._users: Counter[LinkedComponent] = Counter()
        self._never: WeakSet[LinkedComponent] = WeakSet()
        """Can not be instantiated without a call's host functions."""

    @property
    def ready(self) -> int:
        """Instances that wait for a call."""
        with self._lock:
            return sum(map(len, self._ready.values()))

    @property
    def coming(self) -> int:
        """Instances that are to be made."""
        return self._coming.total()

    def has(self, component: LinkedComponent) -> bool:
        return bool(self._ready.get(component))

    def take(self, component: LinkedComponent, memory_bytes: int) -> Instance | None:
        """A ready instance, now the caller's."""
        with self._lock:
            ready = self._ready.get(component)
            if not ready or ready[-1].memory_bytes != memory_bytes:
                return None
            self._ready.move_to_end(component)
            return ready.pop()

    def replace(self, component: LinkedComponent, memory_bytes: int, enough: int | None = None) -> None:
        """Have another one made, unless there are ``enough``; by default as many as of every component."""
        enough = self._each if enough is None else enough
        with self._lock:
            if not self._users[component] or component in self._never:
                return
            if len(self._ready.get(component, ())) + self._coming[component] >= enough:
                return
            self._coming[component] += 1
        self._workers.when_idle(_Preparation(self, component, memory_bytes))

    def admit(self, component: LinkedComponent) -> None:
        """Somebody calls it from now on; nothing is kept ready for components without a user."""
        with self._lock:
            self._users[component] += 1

    def retire(self, component: LinkedComponent) -> None:
        """One of its users calls it no more; after the last of them nothing is kept."""
        with self._lock:
            self._users[component] -= 1
            if self._users[component] > 0:
                return
            del self._users[component]
            ready = self._ready.pop(component, [])
        for instance in ready:
            instance.close()

    def close(self) -> None:
        """No worker runs any more."""
        while self._ready:
            for instance in self._ready.popitem()[1]:
                instance.close()

    def _prepared(self, component: LinkedComponent, instance: Instance | None) -> None:
        surplus = []
        with self._lock:
            self._coming[component] -= 1
            if not self._coming[component]:
                del self._coming[component]
            if instance is None:
                self._never.add(component)
            elif not self._users[component]:
                surplus.append(instance)
            else:
                self._ready.setdefault(component, []).append(instance)
                self._ready.move_to_end(component)
                while sum(map(len, self._ready.values())) > self._total:
                    surplus += self._ready.popitem(last=False)[1]
        for each in surplus:
            each.close()


class _NoHostFunctions:
    """Stands where a component does while the guest begins without a call."""

    @property
    def imports(self) -> NoReturn:
        raise HostError("host functions answer calls only")


class _Preparation:
    """A turn of a worker; stands where an execution does when the guest runs."""

    component = _NoHostFunctions()

    def __init__(self, spares: Spares, component: LinkedComponent, memory_bytes: int) -> None:
        self.fault: BaseException | None = None
        self.host_call_done = True
        self._spares = spares
        self._of = component
        self._memory_bytes = memory_bytes
        self._instance: Instance | None = None
        self._turns = 0

    def begin_turn(self) -> None:
        """No guest waits here."""

    def advance(self) -> bool:
        running.execution = self
        try:
            if self._instance is None:
                self._instance = Instance(self._of, self._memory_bytes)
            done = self._instance.poll()
        except Exception:
            return self._give_up()
        finally:
            running.execution = None
        self._turns += 1
        if not done:
            return self._turns < _MOST_TURNS or self._give_up()
        self._spares._prepared(self._of, self._instance)
        return False

    def _give_up(self) -> bool:
        if self._instance is not None:
            self._instance.close()
        self._spares._prepared(self._of, None)
        return False
