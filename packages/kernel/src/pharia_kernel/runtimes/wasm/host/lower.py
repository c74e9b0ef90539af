"""From plain data to wasmtime's C values, by functions prepared once per type.

Cost allowed: about a microsecond per scalar or name, memory speed for bytes and text. Each function takes data (as
:mod:`lift` makes it; lists may be any sequence) and the context and gives the 32 bytes of the value. What they point to
is owned by whoever gets the value: wasmtime for results of host functions, the caller of :func:`free` for arguments.

A value that does not fit raises :class:`CannotLower` with the place in the data; nothing is cut or wrapped silently.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Mapping
from typing import Any

from pharia_kernel.runtimes.wasm.host import capi, octets
from pharia_kernel.runtimes.wasm.host.errors import CannotLower, HostError, expected
from pharia_kernel.runtimes.wasm.host.names import NAME_SIZE, new_name, two_words, utf8
from pharia_kernel.runtimes.wasm.host.octets import LIST_KIND, STRING_KIND, TUPLE_KIND, U8_KIND, vector
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

Lower = Callable[[Any, int], bytes]
"""Plain data, context → the 32 bytes of the value."""
ResourceTypes = Mapping[str, int]
"""Number of the host resource type behind each resource name."""

_BOOL, _RECORD, _VARIANT, _ENUM, _OPTION, _RESULT, _FLAGS, _RESOURCE = 0, 14, 16, 17, 18, 19, 20, 21

_variant_value = struct.Struct("<B7xQQQ")
_pointer = struct.Struct("<B7xQ16x")
_result_value = struct.Struct("<B7xB7xQ8x")

# kind, format, lowest, highest
_INTEGERS = {
    "s8": (1, "<B7xb23x", -(1 << 7), (1 << 7) - 1),
    "u8": (U8_KIND, "<B7xB23x", 0, (1 << 8) - 1),
    "s16": (3, "<B7xh22x", -(1 << 15), (1 << 15) - 1),
    "u16": (4, "<B7xH22x", 0, (1 << 16) - 1),
    "s32": (5, "<B7xi20x", -(1 << 31), (1 << 31) - 1),
    "u32": (6, "<B7xI20x", 0, (1 << 32) - 1),
    "s64": (7, "<B7xq16x", -(1 << 63), (1 << 63) - 1),
    "u64": (8, "<B7xQ16x", 0, (1 << 64) - 1),
}
_FLOATS = {"f32": (9, "<B7xf20x"), "f64": (10, "<B7xd16x")}
_CHAR = struct.Struct("<B7xI20x")


def free(value: bytes) -> None:
    """Free what a lowered value that nobody took points to."""
    slot = ctypes.create_string_buffer(value, capi.VAL_SIZE)
    capi.val_delete(ctypes.addressof(slot))


def prepare_lower(kind: ValueType, resources: ResourceTypes) -> Lower:
    """The function that lowers values of ``kind``."""
    match kind:
        case Primitive("string", True):
            return octets.lower_packed_text
        case Primitive("string"):
            return _lower_string
        case Primitive("bool"):
            return lambda value, _: _TRUE if value else _FALSE
        case Primitive("char"):
            return lambda value, _: _CHAR.pack(11, ord(value))
        case Primitive(name) if name in _INTEGERS:
            return _integer(name)
        case Primitive(name):
            return _float(name)
        case ListOf(element, packed) if element == U8:
            return octets.lower_packed if packed else octets.lower_list
        case ListOf(element):
            return _sequence(prepare_lower(element, resources))
        case RecordOf(fields):
            return _record([(name, prepare_lower(field, resources)) for name, field in fields])
        case TupleOf(elements):
            return _tuple([prepare_lower(element, resources) for element in elements])
        case VariantOf(cases):
            return _variant({name: maybe_lower(payload, resources) for name, payload in cases})
        case EnumOf(names):
            return _enum(names)
        case FlagsOf(names):
            return _flags(names)
        case OptionOf(payload):
            return _option(prepare_lower(payload, resources))
        case ResultOf(ok, err):
            return _result(maybe_lower(ok, resources), maybe_lower(err, resources))
        case Handle(resource, owned):
            return _handle(resources[resource], owned)
    raise HostError(f"values of type {kind} can not cross into the guest")


def maybe_lower(kind: ValueType | None, resources: ResourceTypes) -> Lower | None:
    return None if kind is None else prepare_lower(kind, resources)


_TRUE = struct.pack("<B7xB23x", _BOOL, 1)
_FALSE = struct.pack("<B7xB23x", _BOOL, 0)


def _lower_string(value: Any, _: int) -> bytes:
    if not isinstance(value, str):
        raise expected("text", value)
    size, data = two_words.unpack(new_name(utf8(value)))
    return vector.pack(STRING_KIND, size, data)


def _integer(name: str) -> Lower:
    kind, form, low, high = _INTEGERS[name]
    pack = struct.Struct(form).pack

    def run(value: Any, _: int) -> bytes:
        if type(value) is not int or not low <= value <= high:
            raise expected(f"a whole number from {low} to {high}", value)
        return pack(kind, value)

    return run


def _float(name: str) -> Lower:
    kind, form = _FLOATS[name]
    pack = struct.Struct(form).pack

    def run(value: Any, _: int) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise expected("a number", value)
        return pack(kind, value)

    return run


def _new_values(new: Any, kind: int, values: list[bytes]) -> bytes:
    slot = ctypes.create_string_buffer(NAME_SIZE)
    new(ctypes.addressof(slot), len(values))
    size, data = two_words.unpack(slot.raw)
    joined = b"".join(values)
    ctypes.memmove(data, joined, len(joined))
    return vector.pack(kind, size, data)


def _lower_all(lowers: list[tuple[Any, Lower]], context: int) -> list[bytes]:
    """Lower every (data, function); when one does not fit, free those before it."""
    done: list[bytes] = []
    try:
        for value, lower in lowers:
            done.append(lower(value, context))
    except BaseException:
        for value in done:
            free(value)
        raise
    return done


def _sequence(lower: Lower) -> Lower:
    def run(value: Any, context: int) -> bytes:
        return _new_values(capi.list_new, LIST_KIND, _lower_all([(item, lower) for item in value], context))

    return run


def _tuple(elements: list[Lower]) -> Lower:
    def run(value: Any, context: int) -> bytes:
        pairs = list(zip(value, elements, strict=True))
        return _new_values(capi.tuple_new, TUPLE_KIND, _lower_all(pairs, context))

    return run


def _record(fields: list[tuple[str, Lower]]) -> Lower:
    placed = [(name, name.replace("-", "_"), lower) for name, lower in fields]

    def run(value: Any, context: int) -> bytes:
        try:
            pairs = [(value[key], lower) for _, key, lower in placed]
        except (KeyError, TypeError):
            raise CannotLower(f"a record with {', '.join(k for _, k, _ in placed)} expected") from None
        done = _lower_all(pairs, context)
        named = [new_name(name.encode()) + at for (name, _, _), at in zip(placed, done, strict=True)]
        return _new_values(capi.record_new, _RECORD, named)

    return run


def _boxed(value: bytes) -> int:
    slot = ctypes.create_string_buffer(value, capi.VAL_SIZE)
    box: int = capi.val_box(ctypes.addressof(slot))
    return box


def _variant(cases: dict[str, Lower | None]) -> Lower:
    def run(value: Any, context: int) -> bytes:
        case, payload = value
        if case not in cases:
            raise expected(f"one of {', '.join(cases)}", case)
        lower = cases[case]
        box = _boxed(lower(payload, context)) if lower else 0
        return _variant_value.pack(_VARIANT, *two_words.unpack(new_name(case.encode())), box)

    return run


def _enum(names: tuple[str, ...]) -> Lower:
    def run(value: Any, _: int) -> bytes:
        if value not in names:
            raise expected(f"one of {', '.join(names)}", value)
        return vector.pack(_ENUM, *two_words.unpack(new_name(utf8(value))))

    return run


def _flags(names: tuple[str, ...]) -> Lower:
    def run(value: Any, _: int) -> bytes:
        return _new_values(capi.flags_new, _FLAGS, [new_name(name.encode()) for name in names if name in value])

    return run


def _option(lower: Lower) -> Lower:
    def run(value: Any, context: int) -> bytes:
        return _pointer.pack(_OPTION, 0 if value is None else _boxed(lower(value, context)))

    return run


def _result(ok: Lower | None, err: Lower | None) -> Lower:
    def run(value: Any, context: int) -> bytes:
        case, payload = value
        lower = ok if case == "ok" else err
        return _result_value.pack(_RESULT, case == "ok", _boxed(lower(payload, context)) if lower else 0)

    return run


def _handle(resource_type: int, owned: bool) -> Lower:
    def run(number: Any, context: int) -> bytes:
        resource = capi.resource_new(owned, number, resource_type)
        slot = ctypes.c_uint64()
        error = capi.resource_to_any(context, resource, ctypes.addressof(slot))
        capi.resource_delete(resource)
        if error:
            raise HostError(capi.take_error(error))
        return _pointer.pack(_RESOURCE, slot.value)

    return run
