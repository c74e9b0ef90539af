"""A core module taken apart as far as merging needs it: whatever names something by number, and the bytes around it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pharia_kernel.runtimes.wasm.binary import VALUE_TYPES, Reader, sections
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable

FUNCTION, TABLE, MEMORY, GLOBAL = range(4)
"""Sorts of items, as imports and exports number them."""
SORTS = (FUNCTION, TABLE, MEMORY, GLOBAL)
END = 0x0B
I32_CONST, I64_CONST, GLOBAL_GET, REF_NULL, REF_FUNC = 0x41, 0x42, 0x23, 0xD0, 0xD2

_FUNCTION_TYPE = 0x60
_HAS_MOST = 1
_FLOATS = {0x43: 4, 0x44: 8}
"""Bytes of the constants."""
_PASSIVE, _NUMBERED, _EXPRESSIONS = 1, 2, 4
"""Flags of segments: nobody places it at the start; the table or memory has a number; not functions by number."""


@dataclass(frozen=True, slots=True)
class Import:
    module: str
    name: str
    sort: int
    type: bytes
    """As written; for a function the number of its type is in ``index`` instead."""
    index: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """One that is known before anything runs: an instruction with its argument, without the end."""

    instruction: int
    argument: bytes
    number: int = 0
    """The argument of the instructions that name something."""


@dataclass(frozen=True, slots=True)
class Global:
    type: bytes
    """Type of its values, and whether they change."""
    first: Expression


@dataclass(frozen=True, slots=True)
class Elements:
    """Functions for a table."""

    flags: int
    table: int
    offset: Expression | None
    functions: list[int]


@dataclass(frozen=True, slots=True)
class Data:
    offset: Expression | None
    """``None`` for data that code copies itself."""
    content: bytes
    """With its length in front."""


@dataclass(slots=True)
class CoreModule:
    types: list[bytes] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    """Types of its own ones."""
    tables: list[bytes] = field(default_factory=list)
    memories: list[bytes] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Sort and number by name."""
    start: int | None = None
    elements: list[Elements] = field(default_factory=list)
    code: list[bytes] = field(default_factory=list)
    data: list[Data] = field(default_factory=list)
    counts_data: bool = False


def core_module(binary: bytes) -> CoreModule:
    """Raises :class:`NotRewritable` for what is newer than references, vectors and functions with several results."""
    module = CoreModule()
    for identity, content in sections(binary):
        reader = Reader(content)
        match identity:
            case 0:
                pass
            case 1:
                module.types = reader.all(_type)
            case 2:
                module.imports = reader.all(_import)
            case 3:
                module.functions = reader.all(Reader.number)
            case 4:
                module.tables = reader.all(_table)
            case 5:
                module.memories = reader.all(_limits)
            case 6:
                module.globals = reader.all(_global)
            case 7:
                module.exports = dict(reader.all(lambda each: (each.name(), (each.byte(), each.number()))))
            case 8:
                module.start = reader.number()
            case 9:
                module.elements = reader.all(_elements)
            case 10:
                module.code = reader.all(lambda each: each.take(each.number()))
            case 11:
                module.data = reader.all(_data)
            case 12:
                module.counts_data = True
            case _:
                raise NotRewritable(f"a section with number {identity}")
    return module


def _value_type(reader: Reader) -> int:
    value = reader.byte()
    if value not in VALUE_TYPES:
        raise NotRewritable(f"a type {value:#x}")
    return value


def _type(reader: Reader) -> bytes:
    begin = reader.position
    if (form := reader.byte()) != _FUNCTION_TYPE:
        raise NotRewritable(f"a type {form:#x}")
    reader.all(_value_type)
    reader.all(_value_type)
    return reader.since(begin)


def _limits(reader: Reader) -> bytes:
    begin = reader.position
    if (flags := reader.byte()) > _HAS_MOST:
        raise NotRewritable(f"a memory or table with flags {flags:#x}")
    reader.number()
    if flags:
        reader.number()
    return reader.since(begin)


def _table(reader: Reader) -> bytes:
    return bytes([_value_type(reader)]) + _limits(reader)


def _global_type(reader: Reader) -> bytes:
    return bytes([_value_type(reader), reader.byte()])


def _import(reader: Reader) -> Import:
    module, name, sort = reader.name(), reader.name(), reader.byte()
    match sort:
        case 0:
            return Import(module, name, sort, b"", reader.number())
        case 1:
            return Import(module, name, sort, _table(reader))
        case 2:
            return Import(module, name, sort, _limits(reader))
        case 3:
            return Import(module, name, sort, _global_type(reader))
    raise NotRewritable(f"an import of sort {sort}")


def _global(reader: Reader) -> Global:
    return Global(_global_type(reader), _expression(reader))


def _expression(reader: Reader) -> Expression:
    instruction, begin, value = reader.byte(), reader.position, 0
    if instruction in (I32_CONST, I64_CONST, GLOBAL_GET, REF_FUNC):
        value = reader.number()
    elif instruction == REF_NULL:
        _value_type(reader)
    elif size := _FLOATS.get(instruction):
        reader.take(size)
    else:
        raise NotRewritable(f"a first value by instruction {instruction:#x}")
    found = Expression(instruction, reader.since(begin), value)
    if (end := reader.byte()) != END:
        raise NotRewritable(f"a first value that goes on with {end:#x}")
    return found


def _elements(reader: Reader) -> Elements:
    flags = reader.number()
    if flags >= _EXPRESSIONS:
        raise NotRewritable(f"elements with flags {flags}")
    active = not flags & _PASSIVE
    table = reader.number() if active and flags & _NUMBERED else 0
    offset = _expression(reader) if active else None
    if flags and (kind := reader.byte()):
        raise NotRewritable(f"elements of kind {kind}")
    return Elements(flags, table, offset, reader.all(Reader.number))


def _data(reader: Reader) -> Data:
    flags = reader.number()
    if flags & _NUMBERED and reader.number():
        raise NotRewritable("data for a second memory")
    offset = _expression(reader) if not flags & _PASSIVE else None
    begin = reader.position
    reader.take(reader.number())
    return Data(offset, reader.since(begin))
