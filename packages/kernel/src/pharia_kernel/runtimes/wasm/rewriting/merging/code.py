"""Rewrites the numbers by which instructions name functions, types, tables, globals and segments.

Nine of ten instructions name nothing that merging changes. One pattern passes over them in a row, so that megabytes of
code take a second. Opcodes are those of the WebAssembly specification 3.0, without memories of 64 bits, exceptions and
garbage collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pharia_kernel.runtimes.wasm.binary import VALUE_TYPES, Reader, number
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable

_LEB = rb"[\x80-\xff]*+[\x00-\x7f]"
_VALUE = rb"[\x6f\x70\x7b-\x7f]"
_ADDRESS = rb"[\x00-\x3f]" + _LEB
_PLAIN = (
    rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4\xd1]++",
    rb"[\x0c\x0d\x20-\x22\x41\x42]" + _LEB,
    rb"[\x02-\x04](?:\x40|" + _VALUE + rb")",
    rb"[\x28-\x3e]" + _ADDRESS,
    rb"[\x3f\x40]\x00",
    rb"\x1c\x01" + _VALUE,
    rb"\x43.{4}",
    rb"\x44.{8}",
    rb"\xd0" + _VALUE,
    rb"\xfc(?:[\x00-\x07]|\x0a\x00\x00|\x0b\x00)",
    rb"\xfd[\x00-\x0b\x5c\x5d]" + _ADDRESS,
    rb"\xfd[\x0c\x0d].{16}",
    rb"\xfd[\x15-\x22].",
    rb"\xfd[\x54-\x5b]" + _ADDRESS + rb".",
    rb"\xfd(?:[\x0e-\x14\x23-\x53\x5e-\x7f]|[\x80-\xff][\x01\x02])",
)
_STAYS = re.compile(rb"(?s:" + rb"|".join(_PLAIN) + rb")*+")
"""A row of instructions that stay as they are."""
_NAMES = re.compile(
    rb"(?:[\x10\x12\x23-\x26\xd2]|[\x11\x13]" + _LEB + rb"|\xfc(?:[\x08\x0c\x0e]" + _LEB + rb"|.))" + _LEB, re.DOTALL
)
"""An instruction whose arguments are all names."""
_BLOCKS = (0x02, 0x03, 0x04)
_BRANCHES = 0x0E
_BULK = b"\xfc"
_NEGATIVE = 0x40


@dataclass(frozen=True, slots=True)
class Numbers:
    """New numbers by old ones, of one module."""

    types: Sequence[int]
    functions: Sequence[int]
    tables: Sequence[int]
    memories: Sequence[int]
    globals: Sequence[int]
    elements: Sequence[int]
    data: Sequence[int]


class Rewriter:
    """Function bodies of one module, with other numbers."""

    def __init__(self, numbers: Numbers) -> None:
        self._types = numbers.types
        functions, globals_, tables = (numbers.functions,), (numbers.globals,), (numbers.tables,)
        self._named: dict[bytes, tuple[Sequence[int], ...]] = {
            b"\x10": functions,
            b"\x11": (numbers.types, numbers.tables),
            b"\x12": functions,
            b"\x13": (numbers.types, numbers.tables),
            b"\x23": globals_,
            b"\x24": globals_,
            b"\x25": tables,
            b"\x26": tables,
            b"\xd2": functions,
            b"\xfc\x08": (numbers.data, numbers.memories),
            b"\xfc\x09": (numbers.data,),
            b"\xfc\x0c": (numbers.elements, numbers.tables),
            b"\xfc\x0d": (numbers.elements,),
            b"\xfc\x0e": (numbers.tables, numbers.tables),
            b"\xfc\x0f": tables,
            b"\xfc\x10": tables,
            b"\xfc\x11": tables,
        }
        """What the arguments of an instruction name."""
        self._known: dict[bytes, bytes] = {}
        """Instructions rewritten before: most are calls of the same functions."""

    def bodies(self, old: Iterable[bytes]) -> Iterator[bytes]:
        """Raises :class:`NotRewritable` for instructions it does not know."""
        return map(self._body, old)

    def _body(self, old: bytes) -> bytes:
        reader = Reader(old)
        reader.all(_local)
        position, end = reader.position, len(old)
        parts = [old[:position]]
        while position < end:
            begin, position = position, _STAYS.match(old, position).end()  # type: ignore[union-attr]  # at least nothing
            parts.append(old[begin:position])
            if named := _NAMES.match(old, position):
                parts.append(self._known.get(named[0]) or self._renamed(named[0]))
                position = named.end()
            elif position < end:
                reader.position = position
                parts.append(self._other(reader))
                position = reader.position
        return b"".join(parts)

    def _renamed(self, old: bytes) -> bytes:
        head = old[: 1 + old.startswith(_BULK)]
        if head not in self._named:
            raise NotRewritable(f"an instruction {head.hex()}")
        reader = Reader(old[len(head) :])
        new = self._known[old] = head + b"".join(number(names[reader.number()]) for names in self._named[head])
        return new

    def _other(self, reader: Reader) -> bytes:
        begin, instruction = reader.position, reader.byte()
        if instruction == _BRANCHES:
            reader.all(Reader.number)
            reader.number()
            return reader.since(begin)
        if instruction in _BLOCKS:
            at = reader.position
            old = reader.number()
            if reader.position - at == 1 and old >= _NEGATIVE:
                raise NotRewritable(f"a block of type {old:#x}")
            return bytes([instruction]) + _signed(self._types[old])
        raise NotRewritable(f"an instruction {instruction:#x}")


def _local(reader: Reader) -> None:
    reader.number()
    if (kind := reader.byte()) not in VALUE_TYPES:
        raise NotRewritable(f"a local of type {kind:#x}")


def _signed(value: int) -> bytes:
    """A LEB128 that is read as signed, of a number that is not negative."""
    encoded = bytearray(number(value))
    if encoded[-1] & _NEGATIVE:
        encoded[-1] |= 0x80
        encoded.append(0)
    return bytes(encoded)
