"""Core modules and their state: making it reachable from outside, and writing it back in.

A module is *instrumented* by exporting every global that can change; the values read after a run, and the memory,
become the initial state of the same module in the new component.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pharia_skill.builder import leb128
from pharia_skill.builder.wasm import HEADER_BYTES, name, read_name, section, sections
from pharia_skill.errors import ComponentizeFailed

PAGE_BYTES = 65536

_IMPORTS, _MEMORIES, _GLOBALS, _EXPORTS, _START, _DATA_COUNT, _DATA = 2, 5, 6, 7, 8, 12, 11
_AFTER_EXPORTS = (_START, 9, _DATA_COUNT, 10, _DATA)
_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)
_I32_CONST, _I64_CONST, _END = 0x41, 0x42, 0x0B
_CONST_OF = {0x7F: _I32_CONST, 0x7E: _I64_CONST}
_WITH_NUMBER = (_I32_CONST, _I64_CONST, 0x23, 0xD0, 0xD2)
_ARITHMETIC = (0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E)

_ZEROS = re.compile(rb"\0{32,}")
"""A shorter run of zeros costs less than the head of a new segment and the time to apply it."""


@dataclass(frozen=True, slots=True)
class _Variable:
    """A global that can change."""

    index: int
    """Among all globals, imported ones first."""
    type: int

    @property
    def exported(self) -> str:
        return f"pharia-skill:global-{self.index}"


@dataclass(frozen=True, slots=True)
class State:
    """What a module starts with; ``memory`` is ``None`` for a module that imports its memory."""

    variables: Mapping[int, int]
    memory: bytes | None


def variable_exports(module: memoryview) -> dict[int, str]:
    """Index of every changing global, and the name :func:`instrumented` exports it under."""
    return {variable.index: variable.exported for variable in _variables(module)}


def instrumented(module: memoryview) -> bytes:
    """The same module with every changing global exported."""
    more = [name(each.exported) + bytes([_GLOBAL]) + leb128.unsigned(each.index) for each in _variables(module)]
    if not more:
        return bytes(module)
    parts = [bytes(module[:HEADER_BYTES])]
    written = False
    for number, content, whole in sections(module):
        if number == _EXPORTS:
            count, start = leb128.read(content, 0)
            parts.append(
                section(_EXPORTS, leb128.unsigned(count + len(more)) + bytes(content[start:]) + b"".join(more))
            )
            written = True
            continue
        if number in _AFTER_EXPORTS and not written:
            parts.append(section(_EXPORTS, leb128.unsigned(len(more)) + b"".join(more)))
            written = True
        parts.append(bytes(whole))
    return b"".join(parts)


def with_state(module: memoryview, state: State) -> bytes:
    """The same module, beginning in ``state``."""
    segments = [] if state.memory is None else list(_segments(state.memory))
    parts = [bytes(module[:HEADER_BYTES])]
    for number, content, whole in sections(module):
        if number == _GLOBALS and state.variables:
            parts.append(section(_GLOBALS, _globals(module, content, state.variables)))
        elif state.memory is not None and number == _MEMORIES:
            parts.append(section(_MEMORIES, _grown(content, len(state.memory) // PAGE_BYTES)))
        elif state.memory is not None and number == _DATA_COUNT:
            parts.append(section(_DATA_COUNT, leb128.unsigned(len(segments))))
        elif state.memory is not None and number == _DATA:
            parts.append(section(_DATA, leb128.unsigned(len(segments)) + b"".join(segments)))
        else:
            parts.append(bytes(whole))
    return b"".join(parts)


def _segments(memory: bytes) -> Iterator[bytes]:
    start = 0
    for gap in _ZEROS.finditer(memory):
        if gap.start() > start:
            yield _segment(start, memory[start : gap.start()])
        start = gap.end()
    if start < len(memory):
        yield _segment(start, memory[start:])


def _segment(address: int, content: bytes) -> bytes:
    signed = address if address < 1 << 31 else address - (1 << 32)
    head = bytes([0, _I32_CONST]) + leb128.signed(signed) + bytes([_END])
    return head + leb128.unsigned(len(content)) + content


def _grown(content: memoryview, pages: int) -> bytes:
    count, position = leb128.read(content, 0)
    if count != 1:
        raise ComponentizeFailed(f"the module has {count} memories, and one was expected")
    rest = leb128.skip(content, position + 1)
    return bytes(content[: position + 1]) + leb128.unsigned(pages) + bytes(content[rest:])


def _variables(module: memoryview) -> list[_Variable]:
    imported = 0
    for number, content, _ in sections(module):
        if number == _IMPORTS:
            imported = _imported_globals(content)
        elif number == _GLOBALS:
            return [
                _Variable(imported + position, type_)
                for position, (type_, mutable, _) in enumerate(_read_globals(content))
                if mutable
            ]
    return []


def _globals(module: memoryview, content: memoryview, values: Mapping[int, int]) -> bytes:
    known = {variable.index: variable for variable in _variables(module)}
    found = list(_read_globals(content))
    first = _first_own_global(module)
    parts = [leb128.unsigned(len(found))]
    for index, (type_, mutable, expression) in enumerate(found, start=first):
        if index in known:
            expression = bytes([_CONST_OF[type_]]) + leb128.signed(values[index]) + bytes([_END])
        parts.append(bytes([type_, mutable]) + expression)
    return b"".join(parts)


def _first_own_global(module: memoryview) -> int:
    return next((_imported_globals(content) for number, content, _ in sections(module) if number == _IMPORTS), 0)


def _read_globals(content: memoryview) -> Iterator[tuple[int, int, bytes]]:
    """Type, whether it can change, and the expression for its first value."""
    count, position = leb128.read(content, 0)
    for _ in range(count):
        type_, mutable = content[position], content[position + 1]
        start = position + 2
        position = _after_expression(content, start)
        yield type_, mutable, bytes(content[start:position])


def _after_expression(content: memoryview, position: int) -> int:
    while content[position] != _END:
        instruction = content[position]
        position += 1
        if instruction in _WITH_NUMBER:
            position = leb128.skip(content, position)
        elif instruction not in _ARITHMETIC:
            raise ComponentizeFailed(f"a global begins with an unknown instruction {instruction:#x}")
    return position + 1


def _imported_globals(content: memoryview) -> int:
    count, position = leb128.read(content, 0)
    globals_ = 0
    for _ in range(count):
        position = read_name(content, read_name(content, position)[1])[1]
        kind = content[position]
        position += 1
        if kind == _FUNCTION:
            position = leb128.skip(content, position)
        elif kind in (_TABLE, _MEMORY):
            flags = content[position + (kind == _TABLE)]
            position = leb128.skip(content, position + 1 + (kind == _TABLE))
            position = leb128.skip(content, position) if flags & 1 else position
        elif kind == _GLOBAL:
            position += 2
            globals_ += 1
        elif kind == _TAG:
            position = leb128.skip(content, position + 1)
    return globals_
