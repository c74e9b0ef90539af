"""Type definitions of the component model, read as far as one has to know where texts and lists of bytes are.

Numbers are those of the component model's binary format.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pharia_kernel.runtimes.wasm.binary import Reader
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.packing.notation import TYPE, alias, external_name, external_type

LIST_OF_BYTES = b"\x70\x7d"
TUPLE_OF_TEXT = b"\x6f\x01\x73"

BOOL, STRING = 0x7F, 0x73
_COMPONENT, _INSTANCE = 0x41, 0x42
_PRIMITIVE = 0x40
"""A bit of numbers that stand for themselves, where others name a definition."""


@dataclass(frozen=True, slots=True)
class Primitive:
    code: int


ValueType = Primitive | int
"""Or the number of a definition."""


@dataclass(frozen=True, slots=True)
class Record:
    """Or a tuple."""

    fields: list[ValueType]


@dataclass(frozen=True, slots=True)
class Variant:
    """Or an enum, option or result."""

    cases: list[ValueType | None]


@dataclass(frozen=True, slots=True)
class Sequence:
    element: ValueType


@dataclass(frozen=True, slots=True)
class Flags:
    count: int


@dataclass(frozen=True, slots=True)
class Handle:
    """Of a resource."""


@dataclass(frozen=True, slots=True)
class Function:
    result: ValueType | None


@dataclass(frozen=True, slots=True)
class Other:
    """No type of values: a resource, instance or component."""


Definition = Primitive | Record | Variant | Sequence | Flags | Handle | Function | Other


@dataclass(slots=True)
class Found:
    byte_lists: list[int] = field(default_factory=list)
    """Where each begins."""
    own: list[int] = field(default_factory=list)
    """Those that stand in no instance or component."""
    around: set[int] = field(default_factory=set)
    """Types of the component they stand in that instances and components name in their definition."""


def definition(reader: Reader, found: Found, depth: int = 0) -> Definition:
    """Raises :class:`NotRewritable` for what is newer than resources."""
    begin, kind = reader.position, reader.byte()
    if kind in (_COMPONENT, _INSTANCE):
        reader.all(lambda each: _declaration(each, found, depth + 1))
        return Other()
    read = Primitive(kind) if STRING <= kind <= BOOL else _compound(kind, reader)
    written = reader.since(begin)
    if written == LIST_OF_BYTES:
        found.byte_lists.append(begin)
        if not depth:
            found.own.append(begin)
    if written == TUPLE_OF_TEXT:
        raise NotRewritable("a tuple of one text is what byte lists become")
    return read


def _compound(kind: int, reader: Reader) -> Definition:
    match kind:
        case 0x72:  # record
            return Record(reader.all(_labelled))
        case 0x6F:  # tuple
            return Record(reader.all(_value))
        case 0x71:
            return Variant(reader.all(_case))
        case 0x6D:  # enum
            return Variant([None for _ in reader.all(Reader.name)])
        case 0x6B:  # option
            return Variant([None, _value(reader)])
        case 0x6A:  # result
            return Variant([_maybe(reader), _maybe(reader)])
        case 0x70:
            return Sequence(_value(reader))
        case 0x6E:
            return Flags(len(reader.all(Reader.name)))
        case 0x69 | 0x68:  # own, borrow
            reader.number()
            return Handle()
        case 0x40:
            reader.all(_labelled)
            return Function(_result(reader))
        case 0x3F:  # a resource: its representation, and perhaps a destructor
            reader.byte()
            _maybe(reader)
            return Other()
    raise NotRewritable(f"a type of kind {kind}")


def _value(reader: Reader) -> ValueType:
    begin, code = reader.position, reader.number()
    return Primitive(code) if reader.position == begin + 1 and code & _PRIMITIVE else code


def _labelled(reader: Reader) -> ValueType:
    reader.name()
    return _value(reader)


def _case(reader: Reader) -> ValueType | None:
    reader.name()
    payload = _maybe(reader)
    if reader.byte():
        raise NotRewritable("a case that refines another")
    return payload


def _maybe(reader: Reader) -> ValueType | None:
    return _value(reader) if reader.byte() else None


def _result(reader: Reader) -> ValueType | None:
    if reader.byte() == 0:
        return _value(reader)
    if reader.number():
        raise NotRewritable("results with names")
    return None


def _declaration(reader: Reader, found: Found, depth: int) -> None:
    match reader.byte():
        case 1:
            definition(reader, found, depth)
        case 2:
            named = alias(reader)
            if named.sort == TYPE and named.around is not None and named.around[0] == depth:
                found.around.add(named.around[1])
        case 3 | 4:  # import, export
            external_name(reader)
            external_type(reader)
        case kind:
            raise NotRewritable(f"a declaration of kind {kind}")
