"""Sections of WebAssembly files: dropping those only debuggers read, and a note about the build.

A module or component is eight bytes and then sections: one byte what it is, its length as LEB128, its content. Sections
with number 0 begin with a name. In components, section 1 is a whole module and section 4 a whole component.
"""

from __future__ import annotations

from collections.abc import Iterator

from pharia_skill.errors import ComponentizeFailed

NOTE = "pharia-skill"
"""Name of the section :func:`with_note` writes."""

_MAGIC = b"\0asm"
_COMPONENT = b"\x0d\x00\x01\x00"
_HEADER_BYTES = 8
_CUSTOM = 0
_NESTED = (1, 4)
_DROPPED = ("name", "producers", "component-name")


def strip(binary: bytes) -> bytes:
    """The same module or component without names, debug information and producers, all the way down."""
    return b"".join(_stripped(memoryview(binary)))


def with_note(binary: bytes, note: bytes) -> bytes:
    """Add a section no host looks at."""
    name = NOTE.encode()
    content = _leb128(len(name)) + name + note
    return binary + bytes([_CUSTOM]) + _leb128(len(content)) + content


def note_of(binary: bytes) -> bytes | None:
    """What :func:`with_note` wrote; ``None`` for files without it, and for what is no WebAssembly."""
    try:
        for number, content, _ in _sections(memoryview(binary)):
            if number == _CUSTOM and _name(content) == NOTE:
                start = _number(content, 0)
                return bytes(content[start[1] + start[0] :])
    except ComponentizeFailed:
        return None
    return None


def _stripped(binary: memoryview) -> Iterator[bytes | memoryview]:
    component = bytes(binary[4:_HEADER_BYTES]) == _COMPONENT
    yield binary[:_HEADER_BYTES]
    for number, content, whole in _sections(binary):
        if number == _CUSTOM and _only_for_debuggers(_name(content)):
            continue
        if component and number in _NESTED:
            parts = list(_stripped(content))
            yield bytes([number]) + _leb128(sum(len(part) for part in parts))
            yield from parts
        else:
            yield whole


def _only_for_debuggers(name: str) -> bool:
    return name in _DROPPED or name.startswith(".debug")


def _sections(binary: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content, and the section as it stands."""
    if bytes(binary[:4]) != _MAGIC or len(binary) < _HEADER_BYTES:
        raise ComponentizeFailed("this is not a WebAssembly file")
    position = _HEADER_BYTES
    while position < len(binary):
        length, start = _number(binary, position + 1)
        end = start + length
        if end > len(binary):
            raise ComponentizeFailed(f"the WebAssembly file ends inside the section at byte {position}")
        yield binary[position], binary[start:end], binary[position:end]
        position = end


def _name(content: memoryview) -> str:
    length, start = _number(content, 0)
    return bytes(content[start : start + length]).decode(errors="replace")


def _number(binary: memoryview, position: int) -> tuple[int, int]:
    """An unsigned LEB128, and where it ends."""
    value = shift = 0
    while position < len(binary):
        byte = binary[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ComponentizeFailed("the WebAssembly file ends inside a number")


def _leb128(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
