"""Numbers as WebAssembly files write them: seven bits a byte, the lowest first."""

from __future__ import annotations

from pharia_skill.errors import ComponentizeFailed

_LONGEST = 70
"""Bits in ten bytes, the most a number of 64 bits takes."""


def unsigned(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def signed(value: int) -> bytes:
    encoded = bytearray()
    while not -0x40 <= value < 0x40:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value & 0x7F)
    return bytes(encoded)


def read(binary: memoryview, position: int) -> tuple[int, int]:
    """An unsigned number, and where it ends."""
    value = shift = 0
    while position < len(binary) and shift < _LONGEST:
        byte = binary[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ComponentizeFailed("the WebAssembly file ends inside a number, or has one of more than 64 bits")


def skip(binary: memoryview, position: int) -> int:
    """Where the number at ``position``, signed or not, ends."""
    return read(binary, position)[1]
