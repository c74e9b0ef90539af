"""The functions of wasmtime's C API this host uses, declared over plain addresses.

The ``wasmtime`` package declares them over typed pointers, which cost about a microsecond an argument. Functions that
can take long, or run code of the guest, release the GIL; the many small ones keep it, because giving it up and getting
it back costs more than they do and lets other threads in between.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import CFUNCTYPE, PYFUNCTYPE, c_bool, c_char_p, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

from wasmtime import _ffi

_dll = _ffi.dll

VAL_SIZE = 32
"""``wasmtime_component_val_t``: one byte of kind, eight bytes of alignment with it, 24 bytes of union."""
FIELD_SIZE = 48
"""``wasmtime_component_valrecord_entry_t``: a 16 byte name, a value."""
INSTANCE_SIZE = 16
FUNC_SIZE = 32


def _quick(name: str, result: Any, *arguments: Any) -> Any:
    """A function that keeps the GIL."""
    return PYFUNCTYPE(result, *arguments)((name, _dll))


def _long(name: str, result: Any, *arguments: Any) -> Any:
    """A function that releases the GIL."""
    return CFUNCTYPE(result, *arguments)((name, _dll))


byte_vec_new = _quick("wasm_byte_vec_new", None, c_void_p, c_size_t, c_char_p)
byte_vec_delete = _quick("wasm_byte_vec_delete", None, c_void_p)
list_new = _quick("wasmtime_component_vallist_new_uninit", None, c_void_p, c_size_t)
record_new = _quick("wasmtime_component_valrecord_new_uninit", None, c_void_p, c_size_t)
tuple_new = _quick("wasmtime_component_valtuple_new_uninit", None, c_void_p, c_size_t)
flags_new = _quick("wasmtime_component_valflags_new_uninit", None, c_void_p, c_size_t)
val_box = _quick("wasmtime_component_val_new", c_void_p, c_void_p)
val_delete = _quick("wasmtime_component_val_delete", None, c_void_p)

resource_new = _quick("wasmtime_component_resource_host_new", c_void_p, c_bool, c_uint32, c_uint32)
resource_delete = _quick("wasmtime_component_resource_host_delete", None, c_void_p)
resource_rep = _quick("wasmtime_component_resource_host_rep", c_uint32, c_void_p)
resource_to_any = _quick("wasmtime_component_resource_host_to_any", c_void_p, c_void_p, c_void_p, c_void_p)
any_to_resource = _quick("wasmtime_component_resource_any_to_host", c_void_p, c_void_p, c_void_p, c_void_p)

error_new = _quick("wasmtime_error_new", c_void_p, c_char_p)
error_message = _quick("wasmtime_error_message", None, c_void_p, c_void_p)
error_delete = _quick("wasmtime_error_delete", None, c_void_p)

store_new = _quick("wasmtime_store_new", c_void_p, c_void_p, c_void_p, c_void_p)
store_context = _quick("wasmtime_store_context", c_void_p, c_void_p)
store_limiter = _quick("wasmtime_store_limiter", None, c_void_p, c_int64, c_int64, c_int64, c_int64, c_int64)
store_delete = _long("wasmtime_store_delete", None, c_void_p)
context_set_epoch_deadline = _quick("wasmtime_context_set_epoch_deadline", None, c_void_p, c_uint64)
context_yield_on_epoch = _quick("wasmtime_context_epoch_deadline_async_yield_and_update", c_void_p, c_void_p, c_uint64)
engine_increment_epoch = _quick("wasmtime_engine_increment_epoch", None, c_void_p)

instantiate = _quick(
    "wasmtime_component_linker_instantiate_async", c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p
)
get_func = _quick("wasmtime_component_instance_get_func", c_bool, c_void_p, c_void_p, c_void_p, c_void_p)
call = _quick(
    "wasmtime_component_func_call_async",
    c_void_p,
    c_void_p,
    c_void_p,
    c_void_p,
    c_size_t,
    c_void_p,
    c_size_t,
    c_void_p,
)
future_poll = _long("wasmtime_call_future_poll", c_bool, c_void_p)
future_delete = _long("wasmtime_call_future_delete", None, c_void_p)

linker_new = _quick("wasmtime_component_linker_new", c_void_p, c_void_p)
linker_delete = _quick("wasmtime_component_linker_delete", None, c_void_p)
linker_root = _quick("wasmtime_component_linker_root", c_void_p, c_void_p)
linker_instance_delete = _quick("wasmtime_component_linker_instance_delete", None, c_void_p)
linker_add_instance = _quick(
    "wasmtime_component_linker_instance_add_instance", c_void_p, c_void_p, c_char_p, c_size_t, c_void_p
)
linker_add_func = _quick(
    "wasmtime_component_linker_instance_add_func",
    c_void_p,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    c_void_p,
)
linker_add_func_async = _quick(
    "wasmtime_component_linker_instance_add_func_async",
    c_void_p,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    c_void_p,
)
linker_add_resource = _quick(
    "wasmtime_component_linker_instance_add_resource",
    c_void_p,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    c_void_p,
    c_void_p,
)
resource_type_new = _quick("wasmtime_component_resource_type_new_host", c_void_p, c_uint32)
resource_type_delete = _quick("wasmtime_component_resource_type_delete", None, c_void_p)

component_new = _long("wasmtime_component_new", c_void_p, c_void_p, c_char_p, c_size_t, c_void_p)
component_serialize = _long("wasmtime_component_serialize", c_void_p, c_void_p, c_void_p)
component_deserialize_file = _long("wasmtime_component_deserialize_file", c_void_p, c_void_p, c_char_p, c_void_p)
component_delete = _long("wasmtime_component_delete", None, c_void_p)

# A host function: index of the import, context, type, arguments, their number, results, their number; gives an error.
SyncFunction = CFUNCTYPE(c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t)
# The same with the slots for an error and for the continuation.
AsyncFunction = CFUNCTYPE(
    None, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t, c_size_t
)
Continuation = CFUNCTYPE(c_bool, c_size_t)
Destructor = CFUNCTYPE(c_size_t, c_size_t, c_size_t, c_uint32)


_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def return_free_memory() -> None:
    """Give what the allocator holds back to the system: compiling takes hundreds of megabytes, and glibc keeps them."""
    if _malloc_trim is not None:
        _malloc_trim(0)


def address(callback: Any) -> int:
    """The machine address of a ctypes callback."""
    value = ctypes.cast(callback, c_void_p).value
    assert value is not None
    return value


def take_error(error: int) -> str:
    """The text of an error object, which is deleted."""
    vector = (c_size_t * 2)()
    error_message(error, ctypes.addressof(vector))
    text = ctypes.string_at(vector[1], vector[0]).decode("utf-8", "replace")
    byte_vec_delete(ctypes.addressof(vector))
    error_delete(error)
    return text


def new_error(text: str) -> int:
    """An error object to hand to wasmtime, which deletes it."""
    error: int = error_new(text.replace("\0", " ").encode("utf-8", "replace"))
    return error


def use_pooling(engine_config: Any, options: dict[str, int]) -> None:
    """Make the engine take memories, tables and stacks from pools of the given sizes."""
    pooling = _ffi.wasmtime_pooling_allocation_config_new()
    for name, value in options.items():
        getattr(_ffi, f"wasmtime_pooling_allocation_config_{name}_set")(pooling, value)
    _ffi.wasmtime_pooling_allocation_strategy_set(engine_config, pooling)
    _ffi.wasmtime_pooling_allocation_config_delete(pooling)


def set_option(engine_config: Any, name: str, value: int) -> None:
    getattr(_ffi, f"wasmtime_config_{name}_set")(engine_config, value)
