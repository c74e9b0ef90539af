"""Who is next: namespaces take turns, in each its callers do, and the calls of one caller keep their order."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Verdict = Literal["begun", "caller", "namespace", "kernel"]
"""Of a call that is asked whether it can begin: yes, or who has no place for it."""


class Turns(Generic[T]):
    def __init__(self) -> None:
        self._namespaces: OrderedDict[str, OrderedDict[str, deque[T]]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._namespaces)

    def __len__(self) -> int:
        return sum(map(self._of, self._namespaces))

    def waits(self, namespace: str, caller: str) -> bool:
        return caller in self._namespaces.get(namespace, ())

    def add(self, namespace: str, caller: str, call: T) -> None:
        self._namespaces.setdefault(namespace, OrderedDict()).setdefault(caller, deque()).append(call)

    def remove(self, namespace: str, caller: str, call: T) -> None:
        self._namespaces[namespace][caller].remove(call)
        self._tidy(namespace, caller)

    def begin_one(self, begin: Callable[[T], Verdict]) -> T | None:
        """Ask in turns until one can begin; that one is gone from here."""
        for namespace, callers in self._namespaces.items():
            for caller, calls in callers.items():
                verdict = begin(calls[0])
                if verdict == "begun":
                    call = calls.popleft()
                    callers.move_to_end(caller)
                    self._namespaces.move_to_end(namespace)
                    self._tidy(namespace, caller)
                    return call
                if verdict == "kernel":
                    return None
                if verdict == "namespace":
                    break
        return None

    def give_way(self, namespace: str, caller: str) -> T | None:
        """For a new call of the caller: the last call of whoever has by far the most, if that is somebody else.

        It is gone from here. None where nobody has two more than it would be fair to have.
        """
        if not self._namespaces:
            return None
        largest = max(self._namespaces, key=self._of)
        callers = self._namespaces[largest]
        busiest = max(callers, key=lambda name: len(callers[name]))
        if largest != namespace:
            mine, theirs = self._of(namespace), self._of(largest)
        else:
            mine, theirs = len(callers.get(caller, ())), len(callers[busiest])
        if theirs <= mine + 1:
            return None
        call = callers[busiest].pop()
        self._tidy(largest, busiest)
        return call

    def _of(self, namespace: str) -> int:
        return sum(map(len, self._namespaces.get(namespace, {}).values()))

    def _tidy(self, namespace: str, caller: str) -> None:
        callers = self._namespaces[namespace]
        if not callers[caller]:
            del callers[caller]
        if not callers:
            del self._namespaces[namespace]
