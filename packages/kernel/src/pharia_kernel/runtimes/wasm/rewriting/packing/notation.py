"""What imports, exports and aliases are written with in the component model's binary format."""

from __future__ import annotations

from dataclasses import dataclass

from pharia_kernel.runtimes.wasm.binary import Reader
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable

CORE, FUNCTION, TYPE, INSTANCE = 0x00, 0x01, 0x03, 0x05
"""Sorts of what is numbered."""
_COMPONENT = 0x04
_CORE_MODULE = 0x11
_FROM_AROUND = 2


@dataclass(frozen=True, slots=True)
class Alias:
    sort: int
    around: tuple[int, int] | None
    """How many components further out, and its number there; otherwise it is an export of an instance."""


def alias(reader: Reader) -> Alias:
    sort = reader.byte()
    if sort == CORE:
        reader.byte()
    target, first = reader.byte(), reader.number()
    if target == _FROM_AROUND:
        return Alias(sort, (first, reader.number()))
    reader.name()
    return Alias(sort, None)


def export(reader: Reader) -> tuple[int, int]:
    """Sort and number of what is exported."""
    external_name(reader)
    sort = reader.byte()
    if sort == CORE:
        reader.byte()
    number = reader.number()
    if reader.byte():
        external_type(reader)
    return sort, number


def external_name(reader: Reader) -> str:
    if reader.byte() > 1:
        raise NotRewritable("a name that is more than a name")
    return reader.name()


def external_type(reader: Reader) -> int:
    """The sort of what is imported or exported."""
    sort = reader.byte()
    if sort == TYPE:
        if reader.byte() == 0:
            reader.number()
    elif sort in (FUNCTION, _COMPONENT, INSTANCE) or (sort == CORE and reader.byte() == _CORE_MODULE):
        reader.number()
    else:
        raise NotRewritable(f"something of sort {sort} is imported or exported")
    return sort
