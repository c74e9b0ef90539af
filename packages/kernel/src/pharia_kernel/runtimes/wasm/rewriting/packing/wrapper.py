"""A core module that stands between a component's functions and who calls them.

It puts the texts a function returns at even addresses. And it keeps from the guest that texts shrink: the engine asks
for as many bytes as a text may need, and gives back what it did not. A list never does that, so there are allocators
that can not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pharia_kernel.runtimes.wasm.binary import MODULE_HEADER, Reader, name, number, section, sized
from pharia_kernel.runtimes.wasm.rewriting.core_module import FUNCTION, MEMORY, CoreModule
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.packing.texts import Texts, even_function, shrinking_function
from pharia_kernel.runtimes.wasm.rewriting.packing.types import ValueType

IMPORTED_MEMORY = "memory"
_I32 = b"\x7f"
_REALLOC = b"\x60\x04" + _I32 * 4 + b"\x01" + _I32
_EVEN = b"\x60\x01" + _I32 + b"\x00"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A function whose result has texts."""

    type: bytes
    """Of the core function, as written."""
    result: ValueType
    realloc: int
    """Which one of the component's."""


def function_name(place: int) -> str:
    """Of an imported function, and of the one around it."""
    return f"function-{place}"


def realloc_name(place: int) -> str:
    """Likewise."""
    return f"realloc-{place}"


def wrapper(functions: Sequence[Wrapped], reallocs: int, texts: Texts) -> bytes:
    """For these functions, and as many ways to allocate."""
    names = [*map(function_name, range(len(functions))), *map(realloc_name, range(reallocs))]
    of_functions = [number(2 + place) for place in range(len(functions))]
    of_all = [*of_functions, *[b"\x00"] * reallocs]
    imports = [_import(IMPORTED_MEMORY, bytes([MEMORY, 0, 0]))]
    imports += [_import(title, bytes([FUNCTION]) + kind) for title, kind in zip(names, of_all, strict=True)]
    first_even = 2 * len(names)
    code = [_around(place, each, texts, first_even + each.realloc) for place, each in enumerate(functions)]
    code += [shrinking_function(len(functions) + each) for each in range(reallocs)]
    code += [even_function(len(functions) + each) for each in range(reallocs)]
    return b"".join(
        (
            MODULE_HEADER,
            section(1, [_REALLOC, _EVEN, *(each.type for each in functions)]),
            section(2, imports),
            section(3, [*of_all, *[b"\x01"] * reallocs]),
            section(7, [name(title) + bytes([FUNCTION]) + number(len(names) + at) for at, title in enumerate(names)]),
            section(10, map(sized, code)),
        )
    )


def function_type(module: CoreModule, exported: str) -> bytes:
    """As written; raises :class:`NotRewritable` unless the function returns an address."""
    sort, index = module.exports[exported]
    imported = [each.index for each in module.imports if each.sort == FUNCTION]
    found = module.types[(imported + module.functions)[index]]
    if sort != FUNCTION or not found.endswith(b"\x01" + _I32):
        raise NotRewritable(f"{exported} returns something other than an address")
    return found


def _import(title: str, kind: bytes) -> bytes:
    return name("") + name(title) + kind


def _around(place: int, function: Wrapped, texts: Texts, even: int) -> bytes:
    parameters = Reader(function.type, 1).number()
    given = b"".join(b"\x20" + number(each) for each in range(parameters))
    call = b"\x10" + number(place) + b"\x21" + number(parameters)
    moved = texts.evened(function.result, 0, parameters, even)
    return b"\x01\x01" + _I32 + given + call + moved + b"\x20" + number(parameters) + b"\x0b"
