"""Sections of WebAssembly files: reading them, dropping those only debuggers read, adding some of our own.

A module or component is eight bytes and then sections: one byte what it is, its length as LEB128, its content. Sections
with number 0 begin with a name. In components, section 1 is a whole module and section 4 a whole component.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pharia_skill.builder import leb128
from pharia_skill.errors import ComponentizeFailed

NOTE = "pharia-skill"
"""Section with JSON about the build: SDK version, interface line, world, module, digest of the inputs."""
METADATA = "pharia:skill-metadata"
"""Section with JSON about the skill: kind, name, description and schemas. No host needs it to run the skill."""
HEADER_BYTES = 8
CUSTOM = 0
CORE_MODULE = 1
NESTED = (1, 4)
"""In a component: a whole module, a whole component."""
COMPONENT = b"\x0d\x00\x01\x00"
"""Bytes 4 to 8 of a component."""

_MAGIC = b"\0asm"
_DROPPED = ("name", "producers", "component-name")


class Section(NamedTuple):
    number: int
    content: memoryview
    whole: memoryview
    """The section as it stands in the file, with number and length."""


def is_component(binary: bytes | memoryview) -> bool:
    """Whether the file begins as components do; a core module is no component."""
    return bytes(binary[:HEADER_BYTES]) == _MAGIC + COMPONENT


def sections(binary: bytes | memoryview) -> Iterator[Section]:
    """The sections of a module or component, in order; raises :class:`~pharia_skill.errors.ComponentizeFailed`."""
    view = memoryview(binary)
    if bytes(view[:4]) != _MAGIC or len(view) < HEADER_BYTES:
        raise ComponentizeFailed("this is not a WebAssembly file")
    position = HEADER_BYTES
    while position < len(view):
        length, start = leb128.read(view, position + 1)
        end = start + length
        if end > len(view):
            raise ComponentizeFailed(f"the WebAssembly file ends inside the section at byte {position}")
        yield Section(view[position], view[start:end], view[position:end])
        position = end


def section(number: int, content: bytes) -> bytes:
    """A section as it stands in a file."""
    return bytes([number]) + leb128.unsigned(len(content)) + content


def section_name(content: memoryview) -> str:
    """Of a section with number 0."""
    return read_name(content, 0)[0]


def number_at(binary: memoryview, position: int) -> tuple[int, int]:
    """An unsigned LEB128, and where it ends."""
    return leb128.read(binary, position)


def read_name(content: memoryview, position: int) -> tuple[str, int]:
    """A name, and where it ends."""
    length, start = leb128.read(content, position)
    return bytes(content[start : start + length]).decode(errors="replace"), start + length


def name(text: str) -> bytes:
    """A name as it stands in a file."""
    encoded = text.encode()
    return leb128.unsigned(len(encoded)) + encoded


def with_section(binary: bytes, title: str, content: bytes) -> bytes:
    """Add a section that no host looks at, at the end."""
    return binary + section(CUSTOM, name(title) + content)


def section_of(binary: bytes | memoryview, title: str) -> bytes | None:
    """Content of the first such section; ``None`` for files without it, and for what is no WebAssembly."""
    try:
        for part in sections(binary):
            if part.number == CUSTOM and section_name(part.content) == title:
                return bytes(part.content[read_name(part.content, 0)[1] :])
    except ComponentizeFailed:
        return None
    return None


def with_note(binary: bytes, note: bytes) -> bytes:
    return with_section(binary, NOTE, note)


def note_of(binary: bytes | memoryview) -> bytes | None:
    return section_of(binary, NOTE)


def strip(binary: bytes) -> bytes:
    """The same module or component without names, debug information and producers, all the way down."""
    return b"".join(_stripped(memoryview(binary)))


def _stripped(binary: memoryview) -> Iterator[bytes | memoryview]:
    component = is_component(binary)
    yield binary[:HEADER_BYTES]
    for part in sections(binary):
        if part.number == CUSTOM and _only_for_debuggers(section_name(part.content)):
            continue
        if component and part.number in NESTED:
            inner = list(_stripped(part.content))
            yield bytes([part.number]) + leb128.unsigned(sum(len(piece) for piece in inner))
            yield from inner
        else:
            yield part.whole


def _only_for_debuggers(title: str) -> bool:
    return title in _DROPPED or title.startswith(".debug")
