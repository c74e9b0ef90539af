"""The core modules of a component, linked and running without the component around them.

That way the memory and every global can be read afterwards, and the functions of WASI preview 1, which the component
brings along as an adapter, can be answered here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import wasmtime

from pharia_skill.builder.snapshot.anatomy import MEMORY, Anatomy, Export, HostFunction, Instantiated
from pharia_skill.builder.snapshot.files import Files
from pharia_skill.builder.snapshot.module import State, variable_exports
from pharia_skill.builder.snapshot.preview1 import Preview1
from pharia_skill.builder.snapshot.tidy import Landmarks, holes, tidied
from pharia_skill.errors import ComponentizeFailed

_LARGEST_MEMORY = 1 << 30
_STACK_BYTES = 2 << 20
_FILLINGS = 4
"""The allocator may break a large piece for a small one, and so leave another hole."""
_ROOM_BYTES = 1 << 20
"""Free memory at the start of a call; more is fetched when needed."""
_PYTHON, _LIBC, _CLOCKS = "libpython3.12.so", "libc.so", "libwasi-emulated-process-clocks.so"
START = "/0/start.cpython-312-wasm32-wasi.so"
"""Library that prepares the start of Python."""
_OF_MAIN = "__main_module__"
"""Only the adapter is given it."""
_KEPT = ("reset_adapter_state", "cabi_import_realloc", "cabi_export_realloc")
"""What the adapter itself still does."""


class OutOfTime(Exception):
    """The code inside ran longer than it may."""


def engine() -> wasmtime.Engine:
    """As fast to compile as can be: the code runs once, for a moment."""
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"
    config.epoch_interruption = True
    config.max_wasm_stack = _STACK_BYTES
    return wasmtime.Engine(config)


class _Memory:
    def __init__(self, store: wasmtime.Store, memory: wasmtime.Memory) -> None:
        self._store = store
        self._memory = memory

    def read(self, address: int, length: int) -> bytes:
        return bytes(self._memory.read(self._store, address, address + length))

    def write(self, address: int, content: bytes) -> None:
        self._memory.write(self._store, content, address)

    def size(self) -> int:
        return self._memory.data_len(self._store)


class Machine:
    """One run of a component's core modules; ``modules`` are compiled from the instrumented ones of ``anatomy``."""

    def __init__(
        self, engine: wasmtime.Engine, anatomy: Anatomy, modules: Sequence[wasmtime.Module], files: Files
    ) -> None:
        self._engine = engine
        self._anatomy = anatomy
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=_LARGEST_MEMORY)
        self._store.set_epoch_deadline(1)
        self._linker = wasmtime.Linker(engine)
        self._host: dict[str, wasmtime.Func] = {}
        self._libraries = _libraries(anatomy)
        self._main = _main(anatomy)
        self._wasi: Preview1 | None = None
        for number, instance in enumerate(anatomy.instances):
            if isinstance(instance, Instantiated):
                module = modules[instance.module]
                imports = [self._import(instance, each) for each in module.imports]
                self._linker.define_instance(self._store, str(number), wasmtime.Instance(self._store, module, imports))
                if number == self._main:
                    self._wasi = Preview1(files, _Memory(self._store, self._get(number, "memory")))

    @property
    def wasi(self) -> Preview1:
        if self._wasi is None:
            raise ComponentizeFailed("the component has no main module")
        return self._wasi

    def run_python(self, source: str, timeout: float) -> bool:
        """Run source text in ``__main__``; ``False`` when it raised (the traceback is in ``wasi.printed``).

        ``timeout`` is in seconds. Raises :class:`OutOfTime`, and what
        :class:`~pharia_skill.builder.snapshot.preview1.Preview1` raises.
        """
        text = source.encode() + b"\0"
        with self._deadline(timeout):
            address = self._call(_LIBC, "malloc", len(text))
            self._memory.write(address, text)
            held = self._call(_PYTHON, "PyGILState_Ensure")
            status = self._call(_PYTHON, "PyRun_SimpleString", address)
            self._call(_PYTHON, "PyGILState_Release", held)
            self._call(_LIBC, "free", address)
        return bool(status == 0)

    def states(self) -> list[State]:
        """Of every module, as it is now, with no folder open."""
        self._call(_LIBC, "__wasilibc_reset_preopens")
        memory = tidied(bytearray(self._memory.read(0, self._memory.size())), self._landmarks())
        found: dict[int, State] = {}
        for number, instance in enumerate(self._anatomy.instances):
            if isinstance(instance, Instantiated):
                names = variable_exports(self._anatomy.modules[instance.module])
                values = {index: self._get(number, name).value(self._store) for index, name in names.items()}
                found[instance.module] = State(values, memory if number == self._main else None)
        return [found[module] for module in range(len(self._anatomy.modules))]

    def fill_holes(self) -> None:
        """Leave free memory in one piece only, so that what a call allocates lies side by side on few pages."""
        self._call(_LIBC, "free", self._call(_LIBC, "malloc", _ROOM_BYTES))
        for _ in range(_FILLINGS):
            for size in holes(self._memory.read(0, self._memory.size()), self._landmarks()):
                self._memory.write(self._call(_LIBC, "malloc", size), bytes(size))

    def restore_allocators(self) -> None:
        """End what :data:`START` began."""
        self._call(START, "pharia_restore_allocators")

    def _landmarks(self) -> Landmarks:
        def address(name: str) -> int:
            return int(self._get(self._main, name).value(self._store))

        guard, clock = address(f"{_LIBC}:__stack_chk_guard"), address(f"{_CLOCKS}:memory_base") + 8
        return Landmarks(address("__stack_pointer"), address("__heap_base"), ((guard, 4), (clock, 8)))

    @property
    def _memory(self) -> _Memory:
        return _Memory(self._store, self._get(self._main, "memory"))

    def _get(self, instance: int, name: str) -> Any:
        return self._linker.get(self._store, str(instance), name)

    def _call(self, library: str, function: str, *arguments: int) -> Any:
        return self._get(self._libraries[library], function)(self._store, *arguments)

    @contextmanager
    def _deadline(self, timeout: float) -> Iterator[None]:
        timer = threading.Timer(timeout, self._engine.increment_epoch)
        timer.daemon = True
        timer.start()
        try:
            yield
        except wasmtime.Trap as trap:
            if trap.trap_code is wasmtime.TrapCode.INTERRUPT:
                raise OutOfTime from None
            raise
        finally:
            timer.cancel()

    def _import(self, instance: Instantiated, wanted: wasmtime.ImportType) -> Any:
        source = instance.arguments[wanted.module]
        found = self._anatomy.instances[source]
        if isinstance(found, Instantiated):
            return self._get(source, wanted.name or "")
        sort, index = found.items[wanted.name or ""]
        item = self._anatomy.items[sort][index]
        if isinstance(item, HostFunction) or self._is_adapters(item):
            return self._host_function(item.name, wanted)
        return self._get(item.instance, item.name)

    def _is_adapters(self, export: Export) -> bool:
        instance = self._anatomy.instances[export.instance]
        return isinstance(instance, Instantiated) and _OF_MAIN in instance.arguments and export.name not in _KEPT

    def _host_function(self, name: str, wanted: wasmtime.ImportType) -> wasmtime.Func:
        if name not in self._host:

            def answer(*arguments: int) -> int | None:
                return self.wasi.call(name, arguments)

            assert isinstance(wanted.type, wasmtime.FuncType)
            self._host[name] = wasmtime.Func(self._store, wanted.type, answer)
        return self._host[name]


def _main(anatomy: Anatomy) -> int:
    found = anatomy.items[MEMORY][0]
    if not isinstance(found, Export):
        raise ComponentizeFailed("the component has no memory")
    return found.instance


def _libraries(anatomy: Anatomy) -> dict[str, int]:
    for instance in anatomy.instances:
        if isinstance(instance, Instantiated) and _LIBC in instance.arguments:
            return instance.arguments
    raise ComponentizeFailed("the component was not put together by componentize-py")
