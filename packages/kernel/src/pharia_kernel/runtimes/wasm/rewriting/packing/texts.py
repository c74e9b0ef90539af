"""Code that moves the texts of a function's result to even addresses.

A list of bytes may begin anywhere, a text in the encoding ``latin1+utf16`` only at even addresses. Guests return what
their allocator gave them, which is even, but constants lie where the linker put them.
"""

from __future__ import annotations

from collections.abc import Sequence as Row

from pharia_kernel.runtimes.wasm.binary import number
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.packing.types import (
    STRING,
    Definition,
    Flags,
    Handle,
    Primitive,
    Record,
    Sequence,
    ValueType,
    Variant,
)

_U8 = Primitive(0x7D)
_SIZES = {0x7F: 1, 0x7E: 1, 0x7D: 1, 0x7C: 2, 0x7B: 2, 0x7A: 4, 0x79: 4, 0x78: 8, 0x77: 8, 0x76: 4, 0x75: 8, 0x74: 4}
"""Of primitive types but ``string``."""
_LOAD = {1: b"\x2d\x00", 2: b"\x2f\x01", 4: b"\x28\x02"}
"""``i32.load8_u`` and so on, aligned."""


class Texts:
    """Of values made of ``types``, by number; ``None`` are those that are defined elsewhere."""

    def __init__(self, types: Row[Definition | None]) -> None:
        self._types = types

    def inside(self, kind: ValueType | None) -> bool:
        """Whether a value has texts. Raises :class:`NotRewritable` for types defined elsewhere."""
        match self._definition(kind):
            case Primitive(code):
                return code == STRING
            case Record(members) | Variant(members):
                return any(map(self.inside, members))
            case Sequence(element):
                if element != _U8 and self.inside(element):
                    raise NotRewritable("a list of what has texts is returned")
                return element == _U8
        return False

    def evened(self, kind: ValueType | None, offset: int, local: int, even: int) -> bytes:
        """Instructions for a value at the address in ``local`` and ``offset``; ``even`` is the function for a text."""
        if not self.inside(kind):
            return b""
        match self._definition(kind):
            case Record(fields):
                places = zip(fields, self._offsets(fields), strict=True)
                return b"".join(self.evened(each, offset + place, local, even) for each, place in places)
            case Variant(cases):
                return self._of_case(cases, offset, local, even)
        return _get(local) + _constant(offset) + b"\x6a\x10" + number(even)

    def _of_case(self, cases: list[ValueType | None], offset: int, local: int, even: int) -> bytes:
        payload = offset + self._payload(cases)
        code = b""
        for case, each in enumerate(cases):
            if body := self.evened(each, payload, local, even):
                which = _get(local) + _LOAD[_discriminant(cases)] + number(offset)
                code += which + _constant(case) + b"\x46\x04\x40" + body + b"\x0b"
        return code

    def _definition(self, kind: ValueType | None) -> Definition | None:
        if not isinstance(kind, int):
            return kind
        found = self._types[kind]
        if found is None:
            raise NotRewritable("a value is returned whose type is defined elsewhere")
        return found

    def _size(self, kind: ValueType | None) -> tuple[int, int]:
        """And alignment, in bytes."""
        match self._definition(kind):
            case None:
                return 0, 1
            case Primitive(code) if code != STRING:
                return _SIZES[code], _SIZES[code]
            case Primitive() | Sequence():
                return 8, 4
            case Handle():
                return 4, 4
            case Flags(count):
                size = 1 if count <= 8 else 2 if count <= 16 else 4
                return size * max(1, -(-count // 32)), size
            case Record(fields):
                *_, end = self._offsets([*fields, None])
                alignment = max((self._size(each)[1] for each in fields), default=1)
                return _aligned(end, alignment), alignment
            case Variant(cases):
                most = max((self._size(each)[0] for each in cases), default=0)
                alignment = max(_discriminant(cases), *(self._size(each)[1] for each in cases))
                return _aligned(self._payload(cases) + most, alignment), alignment
        raise NotRewritable("a value of a type that has none")

    def _offsets(self, fields: Row[ValueType | None]) -> list[int]:
        offsets, end = [], 0
        for each in fields:
            size, alignment = self._size(each)
            offsets.append(_aligned(end, alignment))
            end = offsets[-1] + size
        return offsets

    def _payload(self, cases: list[ValueType | None]) -> int:
        return _aligned(_discriminant(cases), max(self._size(each)[1] for each in cases))


def even_function(realloc: int) -> bytes:
    """The code of ``(func (param $pair i32))``: gives the text at an odd address a copy, and its pair that address."""
    ask = b"\x41\x00\x41\x00\x41\x02" + _get(2) + b"\x10" + number(realloc) + b"\x22\x03"
    copy = _get(1) + _get(2) + b"\xfc\x0a\x00\x00"
    return (
        b"\x01\x03\x7f"  # three locals: address, length, new address
        + (_get(0) + b"\x28\x02\x00\x22\x01\x41\x01\x71\x45\x04\x40\x0f\x0b")  # even: nothing to do
        + (_get(0) + b"\x28\x02\x04\x22\x02\x04\x40" + ask + copy + b"\x0b")  # not empty
        + (_get(0) + _get(3) + b"\x36\x02\x00\x0b")
    )


def shrinking_function(realloc: int) -> bytes:
    """The code of a ``realloc`` that leaves what shrinks where it is, and asks another for all else."""
    return (
        b"\x00"
        + (_get(1) + b"\x45\x45" + _get(3) + _get(1) + b"\x4d\x71\x04\x40" + _get(0) + b"\x0f\x0b")
        + (_get(0) + _get(1) + _get(2) + _get(3) + b"\x10" + number(realloc) + b"\x0b")
    )


def _get(local: int) -> bytes:
    return b"\x20" + number(local)


def _constant(value: int) -> bytes:
    """``i32.const``, whose number has a sign."""
    encoded = number(value)
    if encoded[-1] & 0x40:
        encoded = encoded[:-1] + bytes([encoded[-1] | 0x80, 0])
    return b"\x41" + encoded


def _discriminant(cases: list[ValueType | None]) -> int:
    """Bytes of the number of the case."""
    return 1 if len(cases) <= 1 << 8 else 2 if len(cases) <= 1 << 16 else 4


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
