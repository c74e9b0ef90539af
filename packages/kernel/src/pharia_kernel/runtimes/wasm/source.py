"""Input a component file carries for the guest inside it, which finds it on standard input.

A component that executes source text is compiled once and runs every version of the text: the text stands in a custom
section behind the component, and is no part of what is compiled.
"""

from __future__ import annotations

SECTION = b"pharia:source"
_HEADER = b"\0asm\x0d\0\x01\0"
_CUSTOM = 0
_DIGITS = 5


def split_source(binary: bytes) -> tuple[bytes, bytes]:
    """The component without the section, and the section's content; empty where there is none.

    What is not a component comes back as it is: the compiler explains better what is wrong with it.
    """
    try:
        found = _source_section(binary)
    except IndexError:  # it ends in the midst of a number
        found = None
    if found is None:
        return binary, b""
    begin, content, end = found
    return binary[:begin] + binary[end:], binary[content:end]


def _source_section(binary: bytes) -> tuple[int, int, int] | None:
    """Where it begins, where its content begins, where it ends."""
    position = len(_HEADER) if binary.startswith(_HEADER) else len(binary)
    while position < len(binary):
        size, content = _leb128(binary, position + 1)
        end = content + size
        if end > len(binary):
            return None
        if binary[position] == _CUSTOM:
            length, name = _leb128(binary, content)
            if binary[name : min(name + length, end)] == SECTION:
                return position, name + length, end
        position = end
    return None


def _leb128(binary: bytes, position: int) -> tuple[int, int]:
    """An unsigned number of at most ``_DIGITS`` bytes, and where it ends."""
    value = 0
    for digit in range(_DIGITS):
        byte = binary[position + digit]
        value |= (byte & 0x7F) << 7 * digit
        if byte < 0x80:
            return value, position + digit + 1
    raise IndexError
