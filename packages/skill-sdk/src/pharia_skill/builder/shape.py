"""What a component's file tells without running it: its imports, exports, notes, and where its bytes are.

Follows the binary format of components: an import or export is a name and then what it is, a few small numbers that are
passed over here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pharia_skill.builder.wasm import (
    COMPONENT,
    CUSTOM,
    HEADER_BYTES,
    NESTED,
    number_at,
    read_name,
    section_name,
    sections,
)
from pharia_skill.errors import ComponentizeFailed, NotAComponent

_CORE_MODULE = b"\x01\x00\x00\x00"
_IMPORTS, _EXPORTS = 10, 11
_PLAIN_NAMES = (0, 1)
_CORE, _VALUE, _TYPE = 0, 2, 3
_MODULE_SECTIONS = ("custom", "types", "imports", "functions", "tables", "memories", "globals", "exports", "start",
                    "elements", "code", "data", "data count", "tags")  # fmt: skip
_SKILL = re.compile(r"pharia:skill/(skill-handler|message-stream)(?:@(.+))?")


class ShapeKind(str, Enum):
    """What the exports make of a component."""

    SKILL = "skill"
    MESSAGE_STREAM_SKILL = "message-stream-skill"
    UNVERSIONED_SKILL = "skill of the oldest interface"
    OTHER = "component without a skill"


@dataclass(frozen=True, slots=True)
class Part:
    """All sections of one sort, of the component and of the modules inside it."""

    name: str
    count: int
    size: int
    """Bytes, without the few that say what the section is."""


@dataclass(frozen=True, slots=True)
class Shape:
    kind: ShapeKind
    wit: str | None
    """Version of the ``pharia:skill`` interface, such as ``0.4.0``."""
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    parts: tuple[Part, ...]
    """The largest first."""
    notes: dict[str, bytes]
    """The component's own custom sections by name."""


def shape_of(binary: bytes) -> Shape:
    """Read a component; raises :class:`~pharia_skill.errors.NotAComponent` for every other sequence of bytes."""
    _check_header(binary)
    names: dict[int, list[str]] = {_IMPORTS: [], _EXPORTS: []}
    notes: dict[str, bytes] = {}
    try:
        for number, content, _ in sections(memoryview(binary)):
            if number in names:
                names[number].extend(_names(content, number))
            elif number == CUSTOM:
                title, start = read_name(content, 0)
                notes[title] = bytes(content[start:])
        parts = _parts(binary)
    except ComponentizeFailed as error:
        raise NotAComponent(f"this WebAssembly component is damaged: {error.message}") from None
    kind, wit = _kind(names[_EXPORTS])
    return Shape(kind, wit, tuple(names[_IMPORTS]), tuple(names[_EXPORTS]), parts, notes)


def _check_header(binary: bytes) -> None:
    if binary[:4] != b"\0asm":
        what = "an empty file" if not binary else f"a file that begins with {binary[:4]!r}"
        raise NotAComponent(f"{what} is no WebAssembly component (build one with `pharia-skill build`)")
    if binary[4:HEADER_BYTES] == _CORE_MODULE:
        raise NotAComponent(
            "this is a core WebAssembly module, not a component (build one with `pharia-skill build`, or wrap the"
            " module with `wasm-tools component new`)"
        )
    if binary[4:HEADER_BYTES] != COMPONENT:
        raise NotAComponent(f"this is WebAssembly of an unknown layout ({binary[4:HEADER_BYTES].hex()})")


def _names(content: memoryview, number: int) -> Iterator[str]:
    count, position = number_at(content, 0)
    for _ in range(count):
        name, position = _name(content, position)
        yield name
        if number == _IMPORTS:
            position = _after_description(content, position)
        else:
            sort, position = _byte(content, position)
            position = position + 1 if sort == _CORE else position
            _, position = number_at(content, position)
            described, position = _byte(content, position)
            position = _after_description(content, position) if described else position


def _name(content: memoryview, position: int) -> tuple[str, int]:
    form, position = _byte(content, position)
    if form not in _PLAIN_NAMES:
        raise ComponentizeFailed(f"a name has the unknown form {form}")
    length, start = number_at(content, position)
    if start + length > len(content):
        raise ComponentizeFailed("a name is longer than its section")
    return bytes(content[start : start + length]).decode(errors="replace"), start + length


def _after_description(content: memoryview, position: int) -> int:
    """Where the description of an imported or exported thing ends."""
    sort, position = _byte(content, position)
    if sort == _TYPE:
        bound, position = _byte(content, position)
        return number_at(content, position)[1] if bound == 0 else position
    if sort in (_CORE, _VALUE):
        _, position = _byte(content, position)
    return number_at(content, position)[1]


def _byte(content: memoryview, position: int) -> tuple[int, int]:
    if position >= len(content):
        raise ComponentizeFailed("a section ends inside a name")
    return content[position], position + 1


def _parts(binary: bytes) -> tuple[Part, ...]:
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    waiting = [memoryview(binary)]
    while waiting:
        outer = waiting.pop()
        component = bytes(outer[4:HEADER_BYTES]) == COMPONENT
        for number, content, _ in sections(outer):
            if component and number in NESTED:
                waiting.append(content)
                continue
            name = _part_name(component, number, content)
            sizes[name] += len(content)
            counts[name] += 1
    return tuple(Part(name, counts[name], size) for name, size in sizes.most_common())


def _part_name(component: bool, number: int, content: memoryview) -> str:
    if number == CUSTOM:
        return f"custom {section_name(content)}"
    if component:
        return "interface types and links"
    return _MODULE_SECTIONS[number] if number < len(_MODULE_SECTIONS) else f"section {number}"


def _kind(exports: list[str]) -> tuple[ShapeKind, str | None]:
    for name in exports:
        if match := _SKILL.fullmatch(name):
            stream = match[1] == "message-stream"
            return (ShapeKind.MESSAGE_STREAM_SKILL if stream else ShapeKind.SKILL), match[2]
    return (ShapeKind.UNVERSIONED_SKILL if "run" in exports else ShapeKind.OTHER), None
