"""The wasmtime engine: how code is compiled, where instances get memory."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import mmap
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import wasmtime
from wasmtime import component as api

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.errors import InvalidComponent, NotAComponent, reason
from pharia_kernel.runtimes.wasm.rewriting.component import FORMAT, rewritten

_log = logging.getLogger(__name__)

MIB = 1 << 20
_VERSION = version("wasmtime")
_COMPONENT_HEADER = b"\0asm\x0d\0\x01\0"
_MODULE_HEADER = b"\0asm\x01\0\0\0"
_MEMORIES = 2
"""Of one component."""
_PLACE_BYTES = 4200 * MIB
"""Of addresses for a memory, which are taken and not used: 4 GiB, what guards them, and a little for all else."""
_NO_ACCESS = 0
_SINGLE_PASS = 1
"""``WASMTIME_REGALLOC_ALGORITHM_SINGLE_PASS``."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    instances: int = 1024
    """Component instances alive at the same time."""
    spares: int = 2
    """Instances of each component called lately that are kept ready for its next calls."""
    all_spares: int = 64
    """Of all components together; these come on top of ``instances``."""
    memory_bytes: int = 512 * MIB
    """Largest linear memory any instance may have."""
    tick_seconds: float = 0.01
    """How long a guest computes before others get their turn."""
    all_warm: int = 256
    """Instances that wait for another call, where skills may use them again; these come on top as well."""
    quick_code: bool = False
    """Compile with less than half the work, to code that runs slower: for components that change all the time."""
    code_bytes: int | None = None
    """Of compiled code that is kept on disk; what was used longest ago makes room."""


def _has_addresses(size: int) -> bool:
    """Whether a row of addresses is free and allowed. wasmtime's C API ends the process where it is not."""
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=_NO_ACCESS).close()
    except OSError:
        return False
    return True


def _pool(instances: int, memory_bytes: int) -> dict[str, int]:
    """A Python component has about 60 core instances, 10 tables and one memory."""
    return {
        "total_component_instances": instances,
        "total_core_instances": instances * 60,
        "total_memories": instances * _MEMORIES,
        "total_tables": instances * 12,
        "total_stacks": instances,
        "max_core_instances_per_component": 500,
        "max_memories_per_component": 20,
        "max_tables_per_component": 100,
        "max_tables_per_module": 100,
        "table_elements": 100_000,
        "max_component_instance_size": 8 * MIB,
        "max_core_instance_size": 8 * MIB,
        "max_memory_size": memory_bytes,
    }


def _config(pool: dict[str, int] | None, quick_code: bool) -> wasmtime.Config:
    config = wasmtime.Config()
    config.wasm_component_model = True
    config.epoch_interruption = True
    # Unwind tables are for debuggers; registering them makes loading 50 MB of code slow.
    capi.set_option(config.ptr(), "native_unwind_info", 0)
    if quick_code:
        config.cranelift_opt_level = "none"
        capi.set_option(config.ptr(), "cranelift_regalloc_algorithm", _SINGLE_PASS)
    if pool is not None:
        capi.use_pooling(config.ptr(), pool)
    return config


class Engine:
    """Compiled code and places for instances. ``fingerprint`` names those that can share compiled code."""

    def __init__(self, instances: int, memory_bytes: int, *, quick_code: bool = False) -> None:
        self.fingerprint = _fingerprint(quick_code)
        pool: dict[str, int] | None = _pool(instances, memory_bytes)
        if not _has_addresses(instances * _MEMORIES * _PLACE_BYTES):
            _log.warning(
                "each instance gets memory of its own, which takes longer and limits how many there are: "
                "this process may not have the address space for a pool of %d (ulimit -v)",
                instances,
            )
            pool = None
        self.raw = wasmtime.Engine(_config(pool, quick_code))
        self.pointer: int = ctypes.cast(self.raw.ptr(), ctypes.c_void_p).value or 0

    def tick(self) -> None:
        capi.engine_increment_epoch(self.pointer)


def _fingerprint(quick_code: bool) -> str:
    """Differs whenever compiled code can not be shared: wasmtime, machine, the settings above."""
    parts: tuple[str, ...] = (
        _VERSION,
        platform.machine(),
        platform.system(),
        "epochs",
        "no-unwind-info",
        f"rewritten-{FORMAT}",
    )
    if quick_code:
        parts += ("quick",)
    return f"wasmtime-{_VERSION}-" + hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Code:
    """Compiled code of one component, and the library's object for reading its types."""

    def __init__(self, pointer: int) -> None:
        typed = ctypes.cast(pointer, ctypes.POINTER(wasmtime._ffi.wasmtime_component_t))
        self.component = api.Component._from_ptr(typed)
        self.pointer = pointer


def compile_component(engine: Engine, binary: bytes) -> Code:
    """Compile on all cores; takes seconds for a Python skill. Blocks: not for the event loop."""
    if binary.startswith(_MODULE_HEADER):
        raise NotAComponent("a core WebAssembly module, not a component")
    if not binary.startswith(_COMPONENT_HEADER):
        raise NotAComponent("not WebAssembly")
    for form in rewritten(binary):
        try:
            return _compiled(engine, form)
        except InvalidComponent as error:
            _log.warning("rewritten to run faster, the component is not valid any more: %s", error)
    return _compiled(engine, binary)


def _compiled(engine: Engine, binary: bytes) -> Code:
    slot = ctypes.c_uint64()
    error = capi.component_new(engine.pointer, binary, len(binary), ctypes.addressof(slot))
    capi.return_free_memory()
    if error:
        raise InvalidComponent(_first_lines(capi.take_error(error)))
    return Code(slot.value)


def save(code: Code, path: Path) -> None:
    """Write compiled code to ``path``."""
    vector = (ctypes.c_size_t * 2)()
    error = capi.component_serialize(code.pointer, ctypes.addressof(vector))
    if error:
        raise InvalidComponent(capi.take_error(error))
    try:
        path.write_bytes(memoryview((ctypes.c_char * vector[0]).from_address(vector[1])))
    finally:
        capi.byte_vec_delete(ctypes.addressof(vector))


def open_saved(engine: Engine, path: Path) -> Code:
    """Map compiled code; takes milliseconds. Runs what it finds: only for files nobody else can write."""
    slot = ctypes.c_uint64()
    error = capi.component_deserialize_file(engine.pointer, str(path).encode(), ctypes.addressof(slot))
    if error:
        raise InvalidComponent(reason(capi.take_error(error)))
    return Code(slot.value)


def _first_lines(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines()[:6] if line.strip())
