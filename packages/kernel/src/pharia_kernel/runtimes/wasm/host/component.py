"""A component ready to be instantiated: its code, and the host functions it imports, with converters."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.engine import Code, Engine
from pharia_kernel.runtimes.wasm.host.errors import HostError, MissingImport
from pharia_kernel.runtimes.wasm.host.functions import ASYNC, DROP, SYNC, BoundFunction, HostFunction
from pharia_kernel.runtimes.wasm.host.lift import Lift, maybe_lift, prepare_lift
from pharia_kernel.runtimes.wasm.host.lower import Lower, maybe_lower, prepare_lower
from pharia_kernel.runtimes.wasm.host.shape import read_shape
from pharia_kernel.runtimes.wasm.host.types import ComponentShape, FunctionType, Interface

Provider = Callable[[str, Interface], Mapping[str, HostFunction] | None]
"""Host functions for an imported interface (its name with version, its types as declared), or None if not known.

Functions the mapping lacks are missing imports. Raises :class:`MissingImport` to refuse an interface.
"""

_resource_numbers: dict[str, int] = {}
_next_number = itertools.count(1)
_lock = threading.Lock()


def resource_number(origin: str) -> int:
    """The number by which wasmtime tells host resource types apart; one per interface (with version) and resource."""
    with _lock:
        if origin not in _resource_numbers:
            _resource_numbers[origin] = next(_next_number)
        return _resource_numbers[origin]


@dataclass(frozen=True, slots=True)
class ExportedFunction:
    index: int
    """Address of wasmtime's export index."""
    parameters: tuple[Lower, ...]
    result: Lift | None


class LinkedComponent:
    """Shared by all executions; freed when the last of them is gone."""

    slow_until = 0.0
    """By ``time.perf_counter``; it had a long turn lately."""
    slow_turns = 0
    """In a row. All else never changes."""

    def __init__(self, engine: Engine, code: Code, provider: Provider) -> None:
        self.engine = engine
        self.code = code
        self.shape: ComponentShape = read_shape(engine.raw, code.component)
        self.imports: list[BoundFunction] = []
        self.linker = capi.linker_new(engine.pointer)
        """Address of wasmtime's linker."""
        weakref.finalize(self, capi.linker_delete, self.linker)
        self._resources: dict[str, int] = {}
        self._export_indexes: list[object] = []
        for name, kind in self.shape.imports.items():
            functions = provider(name, kind) if isinstance(kind, Interface) else None
            if not isinstance(kind, Interface) or functions is None:
                raise MissingImport(f"the component imports {name}, which is not provided")
            self._link(name, kind, functions)

    def _link(self, name: str, interface: Interface, functions: Mapping[str, HostFunction]) -> None:
        with _instance(self.linker, name) as instance:
            for resource, origin in interface.resources.items():
                self._resources[resource] = resource_number(origin)
                _define_resource(instance, resource, resource_number(origin))
            for member, kind in interface.functions.items():
                if member not in functions:
                    raise MissingImport(f"the component imports {member} of {name}, which is not provided")
                _define_function(instance, member, len(self.imports), waits=functions[member].waits)
                self.imports.append(self._bind(f"{name}#{member}", kind, functions[member]))

    def _bind(self, name: str, kind: FunctionType, function: HostFunction) -> BoundFunction:
        return BoundFunction(
            name=name,
            function=function,
            lifts=tuple(
                (index * capi.VAL_SIZE, prepare_lift(parameter)) for index, parameter in enumerate(kind.parameters)
            ),
            lower=maybe_lower(kind.result, self._resources),
        )

    def function(self, interface: str | None, name: str) -> ExportedFunction:
        """Find an export by the names found in the component (not built from parts)."""
        exports: Mapping[str, object] = self.shape.exports
        if interface is not None:
            exported = exports.get(interface)
            exports = exported.functions if isinstance(exported, Interface) else {}
        kind = exports.get(name)
        if not isinstance(kind, FunctionType):
            raise HostError(f"the component exports no function {name}")
        return ExportedFunction(
            index=self._export_index(interface, name),
            parameters=tuple(prepare_lower(parameter, self._resources) for parameter in kind.parameters),
            result=maybe_lift(kind.result),
        )

    def _export_index(self, interface: str | None, name: str) -> int:
        component = self.code.component
        outer = component.get_export_index(interface) if interface is not None else None
        index = component.get_export_index(name, outer)
        if index is None:
            raise HostError(f"the component exports no function {name}")
        self._export_indexes.append(index)  # the address is only good while the object lives
        return ctypes.cast(index.ptr(), ctypes.c_void_p).value or 0


@contextlib.contextmanager
def _instance(linker: int, name: str) -> Iterator[int]:
    """Where the linker keeps the definitions of one interface."""
    encoded = name.encode()
    root = capi.linker_root(linker)
    slot = ctypes.c_uint64()
    try:
        _check(capi.linker_add_instance(root, encoded, len(encoded), ctypes.addressof(slot)))
        yield slot.value
    finally:
        if slot.value:
            capi.linker_instance_delete(slot.value)
        capi.linker_instance_delete(root)


def _define_resource(instance: int, name: str, number: int) -> None:
    kind = capi.resource_type_new(number)
    encoded = name.encode()
    error = capi.linker_add_resource(instance, encoded, len(encoded), kind, DROP, None, None)
    capi.resource_type_delete(kind)
    _check(error)


def _define_function(instance: int, name: str, index: int, *, waits: bool) -> None:
    add, callback = (capi.linker_add_func_async, ASYNC) if waits else (capi.linker_add_func, SYNC)
    encoded = name.encode()
    _check(add(instance, encoded, len(encoded), callback, index, None))


def _check(error: int | None) -> None:
    if error:
        raise HostError(capi.take_error(error))
