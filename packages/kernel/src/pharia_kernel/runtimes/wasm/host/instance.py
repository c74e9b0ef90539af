"""One instance of a component in a store of its own, and its calls, one at a time.

Everything here happens on worker threads, in turns: :meth:`Instance.poll` computes until there is a result or the guest
gives way.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.component import ExportedFunction, LinkedComponent
from pharia_kernel.runtimes.wasm.host.errors import HostError, from_text
from pharia_kernel.runtimes.wasm.host.lower import free
from pharia_kernel.runtimes.wasm.host.resources import Handle, ResourceTable

_UNLIMITED = -1


class Instance:
    """Begins to be instantiated when it is made; has to be closed.

    ``memory_bytes`` is the most its linear memory may grow to.
    """

    def __init__(self, component: LinkedComponent, memory_bytes: int) -> None:
        self.component = component
        self.memory_bytes = memory_bytes
        self.resources = ResourceTable()
        self.calls = 0
        """Begun so far."""
        self._lowered: list[bytes] = []
        self._result = 0
        # Written by wasmtime until the store is closed.
        self._place = ctypes.create_string_buffer(capi.INSTANCE_SIZE)
        self._error = ctypes.c_uint64()
        self._values: ctypes.Array[ctypes.c_char] | None = None
        self._store = capi.store_new(component.engine.pointer, None, None)
        self._context = capi.store_context(self._store)
        capi.store_limiter(self._store, memory_bytes, _UNLIMITED, _UNLIMITED, _UNLIMITED, _UNLIMITED)
        capi.context_yield_on_epoch(self._context, 1)
        self.begin_turn()
        self._future = capi.instantiate(
            component.linker,
            self._context,
            component.code.pointer,
            ctypes.addressof(self._place),
            ctypes.addressof(self._error),
        )

    def begin_turn(self) -> None:
        """Compute until the tick after next. Without this a guest that waited would have to give way at once, as its
        last turn began many ticks ago."""
        capi.context_set_epoch_deadline(self._context, 2)

    def poll(self) -> bool:
        """Go on with instantiating or calling, whichever was begun last; True when that is done.

        Raises :class:`HostError`, such as the guest's trap.
        """
        if not self._future:
            return True
        if not capi.future_poll(self._future):
            self._free_arguments()
            return False
        self._close_future()
        if self._error.value:
            raise from_text(capi.take_error(self._error.value))
        return True

    def call(self, function: ExportedFunction, arguments: Sequence[Any]) -> None:
        """Begin the call; the instance is ready."""
        lowers = function.parameters
        place = self._values = ctypes.create_string_buffer(capi.FUNC_SIZE + capi.VAL_SIZE * (len(lowers) + 1))
        start = ctypes.addressof(place)
        if not capi.get_func(ctypes.addressof(self._place), self._context, function.index, start):
            raise HostError("the instance does not have the function its component exports")
        first = start + capi.FUNC_SIZE
        for lower, value in zip(lowers, arguments, strict=True):
            given = self.resources.add(value.entry) if type(value) is Handle else value
            self._lowered.append(lower(given, self._context))
        ctypes.memmove(first, b"".join(self._lowered), capi.VAL_SIZE * len(self._lowered))
        self.calls += 1
        self.begin_turn()
        self._future = capi.call(
            start,
            self._context,
            first,
            len(lowers),
            first + len(lowers) * capi.VAL_SIZE,
            0 if function.result is None else 1,
            ctypes.addressof(self._error),
        )

    def result(self, function: ExportedFunction) -> Any:
        """What the call gave."""
        if function.result is None:
            return None
        assert self._values is not None
        self._result = ctypes.addressof(self._values) + len(self._values) - capi.VAL_SIZE
        return function.result(self._result, self._context)

    def end_call(self) -> None:
        """Give back what belongs to the call; the instance can be called again."""
        self._close_future()
        self._free_arguments()
        if self._result:
            capi.val_delete(self._result)
            self._result = 0
        self.resources.end_call()

    def close(self) -> None:
        """The future goes before the store: the other order aborts the process."""
        self.end_call()
        self.resources.drop_all()
        if self._store:
            capi.store_delete(self._store)
            self._store = 0

    def _free_arguments(self) -> None:
        """wasmtime makes its own copy when the future is polled for the first time, not before. A call that ends in its
        first turn answers before this is done."""
        for value in self._lowered:
            free(value)
        self._lowered.clear()

    def _close_future(self) -> None:
        if self._future:
            capi.future_delete(self._future)
            self._future = 0
