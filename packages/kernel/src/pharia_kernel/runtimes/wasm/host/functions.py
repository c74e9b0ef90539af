"""Host functions: what a component may import, and how wasmtime reaches them.

All components share four callbacks; the number wasmtime hands back tells which import of the running component was
called. The rules they keep, each learnt from wasmtime-py 50: arguments are copied before the callback returns; an error
can only be reported there; the continuation is always set; no exception ever leaves a callback.
"""

from __future__ import annotations

import asyncio
import ctypes
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.lift import Lift
from pharia_kernel.runtimes.wasm.host.lower import Lower

if TYPE_CHECKING:
    from pharia_kernel.runtimes.wasm.host.execution import Execution

running = threading.local()
"""``running.execution``: whose guest computes on this thread."""


class Arrival:
    """A value that comes once: what a future is, but whoever waits goes on at once and not in the loop's next round."""

    __slots__ = ("_cancelled", "_error", "_then", "_value")

    def __init__(self) -> None:
        self._value: Any = None
        self._error: BaseException | None = None
        self._cancelled = False
        self._then: Callable[[Arrival], None] | None = None

    def add_done_callback(self, then: Callable[[Arrival], None]) -> None:
        """There is one; it has to be added before the value comes."""
        self._then = then

    def set_result(self, value: Any) -> None:
        self._value = value
        self._done()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._done()

    def cancel(self) -> None:
        self._cancelled = True
        self._done()

    def cancelled(self) -> bool:
        return self._cancelled

    def exception(self) -> BaseException | None:
        return self._error

    def result(self) -> Any:
        return self._value

    def _done(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then(self)


@dataclass(frozen=True, slots=True)
class Wait:
    """Answer of a host function that needs the event loop: the guest is suspended until there is a value.

    ``begin`` is called there. A coroutine needs a task, which costs most; an :class:`Arrival` costs least.
    """

    begin: Callable[[], Arrival | asyncio.Future[Any] | Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class HostFunction:
    """``run(execution, *arguments)`` on a worker thread; must not block.

    With ``waits`` it may answer :class:`Wait`. Whatever it raises ends the execution with that error.
    """

    run: Callable[..., Any]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class BoundFunction:
    """A host function with the converters for the signature one component declares."""

    name: str
    function: HostFunction
    lifts: tuple[tuple[int, Lift], ...]
    """Offset of each argument, and its converter."""
    lower: Lower | None

    def run(self, execution: Execution, arguments: int, context: int) -> Any:
        return self.function.run(execution, *[lift(arguments + offset, context) for offset, lift in self.lifts])


def _fail(execution: Execution, error: BaseException) -> int:
    if execution.fault is None:
        execution.fault = error
    return capi.new_error("the host ended the execution")


def _on_sync(index: int, context: int, _type: int, arguments: int, _n: int, results: int, _m: int) -> int:
    execution: Execution = running.execution
    try:
        bound = execution.component.imports[index]
        value = bound.run(execution, arguments, context)
        if bound.lower is not None:
            ctypes.memmove(results, bound.lower(value, context), capi.VAL_SIZE)
    except BaseException as error:
        return _fail(execution, error)
    return 0


def _on_async(
    index: int, context: int, _type: int, arguments: int, _n: int, results: int, _m: int, error_slot: int, then: int
) -> None:
    execution: Execution = running.execution
    try:
        ctypes.memmove(then, _THEN, len(_THEN))
        bound = execution.component.imports[index]
        value = bound.run(execution, arguments, context)
        if type(value) is Wait:
            execution.suspend(value, bound, context, results)
        else:
            execution.host_call_done = True
            if bound.lower is not None:
                ctypes.memmove(results, bound.lower(value, context), capi.VAL_SIZE)
    except BaseException as error:
        execution.host_call_done = True
        ctypes.c_uint64.from_address(error_slot).value = _fail(execution, error)


def _on_continue(_: int) -> bool:
    execution: Execution = running.execution
    if execution.host_call_done:
        execution.begin_turn()
        return True
    return False


def _on_drop(_: int, _context: int, number: int) -> int:
    execution: Execution | None = getattr(running, "execution", None)
    try:
        if execution is not None:
            execution.resources.drop(number)
    except BaseException as error:
        if execution is not None and execution.fault is None:
            execution.fault = error
    return 0


_callbacks = (
    capi.SyncFunction(_on_sync),
    capi.AsyncFunction(_on_async),
    capi.Destructor(_on_drop),
    capi.Continuation(_on_continue),
)
SYNC, ASYNC, DROP, _CONTINUE = (capi.address(callback) for callback in _callbacks)
# callback, environment, finalizer of wasmtime_async_continuation_t
_THEN = struct.pack("<QQQ", _CONTINUE, 0, 0)
