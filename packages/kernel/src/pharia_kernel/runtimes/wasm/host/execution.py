"""One call in an instance, by default a fresh one: a fiber that computes on worker threads and waits on the event loop.

    loop                      worker
    submit ───────────────▶  instantiate, call … poll
    wait for the coroutine ◀── the guest called a host function that waits
    submit ───────────────▶  hand over the value, poll
    outcome ◀───────────────  lift the result; give everything back

Only one of the two sides owns the execution at any time. Waking a thread costs more than a short turn of a guest: where
at most one other computes and the component's turns are short, the event loop takes the worker's part.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.component import ExportedFunction, LinkedComponent
from pharia_kernel.runtimes.wasm.host.errors import GuestTrap
from pharia_kernel.runtimes.wasm.host.functions import Arrival, BoundFunction, Wait, running
from pharia_kernel.runtimes.wasm.host.instance import Instance
from pharia_kernel.runtimes.wasm.host.resources import ResourceTable
from pharia_kernel.runtimes.wasm.host.spares import Spares
from pharia_kernel.runtimes.wasm.host.warm import WarmInstances
from pharia_kernel.runtimes.wasm.host.workers import Workers

_VALUE_TO_COME = (Arrival, asyncio.Future)
_QUICK_SECONDS = 0.003
"""How long a turn on the event loop may keep everybody waiting."""
_SLOW_SECONDS = (0.2, 1.0, 5.0)
"""How long a component computes on workers alone after a turn that was longer, the second in a row, and those after."""


@dataclass(frozen=True, slots=True)
class _Suspension:
    wait: Wait
    bound: BoundFunction
    context: int
    results: int


class Execution:
    """One call; ``state`` is whatever the host functions want to know about it.

    ``released`` is called on a worker thread when everything the execution held is free again.
    """

    def __init__(
        self,
        workers: Workers,
        spares: Spares,
        component: LinkedComponent,
        function: ExportedFunction,
        state: Any,
        memory_bytes: int,
        released: Callable[[], None],
        warm: WarmInstances | None = None,
        spare: int | None = None,
    ) -> None:
        self.component = component
        self.state = state
        self.loop = asyncio.get_running_loop()
        self.caller_context = copy_context()
        """Of whoever asked for the call: what the guest makes the loop do belongs to the caller's span."""
        self.fault: BaseException | None = None
        self.host_call_done = False
        self._workers = workers
        self._spares = spares
        self._function = function
        self._released = released
        self._memory_bytes = memory_bytes
        self._warm = warm
        self._spare = spare
        self._arguments: Sequence[Any] = ()
        self._suspension: _Suspension | None = None
        self._awaited: asyncio.Future[Any] | Arrival | None = None
        self._cancelled = False
        self._outcome: asyncio.Future[Any] = self.loop.create_future()
        self._ended: asyncio.Future[None] = self.loop.create_future()
        self._instance: Instance | None = None
        self._calling = self._answered = self._closed = False
        self._loop_thread = threading.get_ident()

    # ---- on the event loop

    async def run(self, arguments: Sequence[Any]) -> Any:
        """Call the function. Raises what a host function raised, or a :class:`HostError`.

        A cancellation is delivered when the guest has stopped and its memory is free again.
        """
        self._arguments = arguments
        if self._warm or self._spares.has(self.component):
            self._go_on(self._workers.start)
        else:
            self._workers.start(self)
        try:
            return await self._outcome
        except asyncio.CancelledError:
            self._cancelled = True
            if self._awaited is not None:
                self._awaited.cancel()
            while not self._ended.done():
                try:
                    await asyncio.shield(self._ended)
                except asyncio.CancelledError:
                    continue
            raise

    def _wait(self) -> None:
        suspension = self._suspension
        assert suspension is not None
        if self._cancelled:
            self._workers.resume(self)
            return
        try:
            begun = suspension.wait.begin()
            self._awaited = begun if isinstance(begun, _VALUE_TO_COME) else self.loop.create_task(begun)
        except Exception as error:
            self.fault = error
            self._workers.resume(self)
        else:
            self._awaited.add_done_callback(self._waited)

    def _waited(self, awaited: asyncio.Future[Any] | Arrival) -> None:
        if awaited.cancelled():
            self._cancelled = True
        elif error := awaited.exception():
            self.fault = error
        self._go_on(self._workers.resume)

    def _go_on(self, queue: Callable[[Execution], None]) -> None:
        quick = self.component.slow_until < time.perf_counter()
        if quick and self._workers.lightly_loaded and not self._cancelled and self.fault is None:
            self._workers.turn_here(self)
        else:
            queue(self)

    def _end(self, result: Any, error: BaseException | None) -> None:
        if not self._outcome.done():
            if error is None:
                self._outcome.set_result(result)
            else:
                self._outcome.set_exception(error)
        if error is not None:
            self._release()

    def _release(self) -> None:
        self._ended.set_result(None)
        if self._warm is not None:
            self._warm.watch(self.loop)

    # ---- on a worker thread, or on the event loop instead

    def advance(self) -> bool:
        running.execution = self
        try:
            if self._answered:
                self._take_down()
                return False
            if self._cancelled or self.fault is not None:
                self._abandon(self.fault or GuestTrap("cancelled"))
                return False
            return self._compute()
        except BaseException as error:
            self._abandon(self.fault or error)
            return False
        finally:
            running.execution = None

    def _compute(self) -> bool:
        began = time.thread_time()
        if self._suspension is not None:
            self._hand_over(self._suspension)
        instance = self._instance or self._find_instance()
        while instance.poll():
            if self._calling:
                self._note_turn(began)
                self._finish(instance)
                return False
            self._calling = True
            began = time.thread_time()
            instance.call(self._function, self._arguments)
            self._arguments = ()
        self._note_turn(began)
        if self._suspension is None:
            return True
        self._tell(self._wait, context=self.caller_context)
        return False

    def _find_instance(self) -> Instance:
        found = self._warm.take() if self._warm is not None else None
        found = found or self._spares.take(self.component, self._memory_bytes)
        self._instance = instance = found or Instance(self.component, self._memory_bytes)
        instance.resources.loop = self.loop
        return instance

    @property
    def resources(self) -> ResourceTable:
        """Of the instance that is called."""
        assert self._instance is not None
        return self._instance.resources

    def _note_turn(self, began: float) -> None:
        """Of processor time: turns on workers wait for the interpreter lock, which must not keep them there."""
        component = self.component
        if time.thread_time() - began <= _QUICK_SECONDS:
            component.slow_turns = 0
            return
        component.slow_until = time.perf_counter() + _SLOW_SECONDS[min(component.slow_turns, len(_SLOW_SECONDS) - 1)]
        component.slow_turns += 1

    def begin_turn(self) -> None:
        """The guest goes on after a host function that waited."""
        assert self._instance is not None
        self._instance.begin_turn()

    def suspend(self, wait: Wait, bound: BoundFunction, context: int, results: int) -> None:
        """Called by the host function while the guest's stack is still on top."""
        self.host_call_done = False
        self._suspension = _Suspension(wait, bound, context, results)

    def _hand_over(self, suspension: _Suspension) -> None:
        """wasmtime keeps the slot of the result until the future is deleted."""
        self._suspension = None
        awaited, self._awaited = self._awaited, None
        assert awaited is not None
        if suspension.bound.lower is not None:
            value = suspension.bound.lower(awaited.result(), suspension.context)
            ctypes.memmove(suspension.results, value, capi.VAL_SIZE)
        self.host_call_done = True

    def _finish(self, instance: Instance) -> None:
        """The caller gets the result before the instance is taken down."""
        result = instance.result(self._function)
        if self._warm is not None and self.fault is None and self._warm.keep(instance):
            self._instance = None
            self._close()
            self._tell(self._end, result, None)
            self._tell(self._release)
            return
        self._tell(self._end, result, None)
        self._answered = True
        if self._on_loop:
            self._workers.resume(self)
        else:
            self._take_down()

    def _take_down(self) -> None:
        self._close()
        self._spares.replace(self.component, self._memory_bytes, self._spare)
        self._tell(self._release)

    def _abandon(self, error: BaseException) -> None:
        self._close()
        self._tell(self._end, None, error)

    @property
    def _on_loop(self) -> bool:
        return threading.get_ident() == self._loop_thread

    def _tell(self, callback: Callable[..., None], *arguments: Any, context: Context | None = None) -> None:
        """Call on the event loop; when that is closed nobody waits any more."""
        if not self._on_loop:
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(callback, *arguments, context=context)
        elif context is None:
            callback(*arguments)
        else:
            context.run(callback, *arguments)

    def _close(self) -> None:
        if self._instance is not None:
            self._instance.close()
        if not self._closed:
            self._closed = True
            self._released()
