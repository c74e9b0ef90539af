"""From wasmtime's C values to plain data, by functions prepared once per type.

Cost allowed: under a microsecond per scalar, memory speed for bytes and text. Each function takes the address of a
value (32 bytes) and the context, and copies everything out; it frees nothing.

Plain data: record → dict with snake_case keys, variant → (case, payload), enum → text, flags → frozenset, option → None
or value, result → (``"ok"``/``"err"``, payload), list of bytes → bytes, handle → the host's 32-bit number for it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from pharia_kernel.runtimes.wasm.host import capi, octets
from pharia_kernel.runtimes.wasm.host.errors import HostError
from pharia_kernel.runtimes.wasm.host.names import NAME_SIZE, read_name, size_and_place
from pharia_kernel.runtimes.wasm.host.octets import VALUE
from pharia_kernel.runtimes.wasm.host.types import (
    U8,
    EnumOf,
    FlagsOf,
    Handle,
    ListOf,
    OptionOf,
    Primitive,
    RecordOf,
    ResultOf,
    TupleOf,
    ValueType,
    VariantOf,
)

Lift = Callable[[int, int], Any]
"""Address of the value, context → plain data."""

_string_at = ctypes.string_at
_u64 = ctypes.c_uint64.from_address

_SCALARS: dict[str, Any] = {
    "s8": ctypes.c_int8,
    "u8": ctypes.c_uint8,
    "s16": ctypes.c_int16,
    "u16": ctypes.c_uint16,
    "s32": ctypes.c_int32,
    "u32": ctypes.c_uint32,
    "s64": ctypes.c_int64,
    "u64": ctypes.c_uint64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
}


def _text(address: int) -> str:
    return read_name(address).decode()


def prepare_lift(kind: ValueType) -> Lift:
    """The function that lifts values of ``kind``."""
    match kind:
        case Primitive("string", True):
            return octets.lift_packed_text
        case Primitive("string"):
            return lambda at, _: _text(at + VALUE)
        case Primitive("bool"):
            return lambda at, _: bool(_string_at(at + VALUE, 1)[0])
        case Primitive("char"):
            return lambda at, _: chr(ctypes.c_uint32.from_address(at + VALUE).value)
        case Primitive(name):
            from_address = _SCALARS[name].from_address
            return lambda at, _: from_address(at + VALUE).value
        case ListOf(element, packed) if element == U8:
            return octets.lift_packed if packed else octets.lift_list
        case ListOf(element):
            return _list(prepare_lift(element))
        case RecordOf(fields):
            return _record([(name.replace("-", "_"), prepare_lift(field)) for name, field in fields])
        case TupleOf(elements):
            return _tuple([prepare_lift(element) for element in elements])
        case VariantOf(cases):
            return _variant({name: maybe_lift(payload) for name, payload in cases})
        case EnumOf():
            return lambda at, _: _text(at + VALUE)
        case FlagsOf():
            return _lift_flags
        case OptionOf(payload):
            return _option(prepare_lift(payload))
        case ResultOf(ok, err):
            return _result(maybe_lift(ok), maybe_lift(err))
        case Handle():
            return _lift_handle
    raise HostError(f"values of type {kind} can not cross into the host")


def maybe_lift(kind: ValueType | None) -> Lift | None:
    return None if kind is None else prepare_lift(kind)


def _list(lift: Lift) -> Lift:
    def run(at: int, context: int) -> list[Any]:
        size, data = size_and_place(at + VALUE)
        return [lift(item, context) for item in range(data, data + size * capi.VAL_SIZE, capi.VAL_SIZE)]

    return run


def _record(fields: list[tuple[str, Lift]]) -> Lift:
    placed = [(name, index * capi.FIELD_SIZE + NAME_SIZE, lift) for index, (name, lift) in enumerate(fields)]

    def run(at: int, context: int) -> dict[str, Any]:
        data = _u64(at + VALUE + 8).value
        return {name: lift(data + offset, context) for name, offset, lift in placed}

    return run


def _tuple(elements: list[Lift]) -> Lift:
    placed = [(index * capi.VAL_SIZE, lift) for index, lift in enumerate(elements)]

    def run(at: int, context: int) -> tuple[Any, ...]:
        data = _u64(at + VALUE + 8).value
        return tuple(lift(data + offset, context) for offset, lift in placed)

    return run


def _variant(cases: dict[str, Lift | None]) -> Lift:
    def run(at: int, context: int) -> tuple[str, Any]:
        case = _text(at + VALUE)
        lift = cases[case]
        return case, lift(_u64(at + VALUE + NAME_SIZE).value, context) if lift else None

    return run


def _option(lift: Lift) -> Lift:
    def run(at: int, context: int) -> Any:
        payload = _u64(at + VALUE).value
        return lift(payload, context) if payload else None

    return run


def _result(ok: Lift | None, err: Lift | None) -> Lift:
    def run(at: int, context: int) -> tuple[str, Any]:
        case, lift = ("ok", ok) if _string_at(at + VALUE, 1)[0] else ("err", err)
        return case, lift(_u64(at + VALUE + 8).value, context) if lift else None

    return run


def _lift_flags(at: int, _: int) -> frozenset[str]:
    size, data = size_and_place(at + VALUE)
    return frozenset(_text(data + index * NAME_SIZE) for index in range(size))


def _lift_handle(at: int, context: int) -> int:
    """Turning the handle into a host resource also gives a borrowed one back, which the guest's call requires."""
    slot = ctypes.c_uint64()
    error = capi.any_to_resource(context, _u64(at + VALUE).value, ctypes.addressof(slot))
    if error:
        raise HostError(capi.take_error(error))
    number: int = capi.resource_rep(slot.value)
    capi.resource_delete(slot.value)
    return number
