"""The parts WebAssembly files are written in: sections, numbers, names, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

MODULE_HEADER = b"\0asm\x01\0\0\0"
HEADER_BYTES = 8
CUSTOM = 0
"""Sections that begin with a name and mean nothing to an engine."""
VALUE_TYPES = frozenset((0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F))
"""Numbers, vectors, and references to functions and to what the host keeps."""
_LONGEST = 63

T = TypeVar("T")


class Damaged(Exception):
    """The file ends too early, or has a number of more than 64 bits."""


class Reader:
    """Reads one after the other; raises :class:`Damaged`."""

    def __init__(self, content: bytes, position: int = 0) -> None:
        self.content = content
        self.position = position

    def byte(self) -> int:
        self.position += 1
        try:
            return self.content[self.position - 1]
        except IndexError:
            raise Damaged("it ends too early") from None

    def number(self) -> int:
        """An unsigned LEB128."""
        value = shift = 0
        while shift <= _LONGEST:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise Damaged("a number has more than 64 bits")

    def pass_over(self, length: int) -> None:
        self.position += length
        if self.position > len(self.content):
            raise Damaged("it ends too early")

    def take(self, length: int) -> bytes:
        begin = self.position
        self.pass_over(length)
        return self.content[begin : self.position]

    def name(self) -> str:
        return self.take(self.number()).decode("utf-8", "surrogateescape")

    def all(self, read: Callable[[Reader], T]) -> list[T]:
        """As many as the number in front says."""
        return [read(self) for _ in range(self.number())]

    def since(self, begin: int) -> bytes:
        return self.content[begin : self.position]

    @property
    def ended(self) -> bool:
        return self.position >= len(self.content)


def sections(binary: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each, in order."""
    reader = Reader(binary)
    reader.take(HEADER_BYTES)
    while not reader.ended:
        yield reader.byte(), reader.take(reader.number())


def number(value: int) -> bytes:
    """An unsigned LEB128."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def name(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return number(len(encoded)) + encoded


def sized(content: bytes) -> bytes:
    return number(len(content)) + content


def section(identity: int, entries: Iterable[bytes]) -> bytes:
    """A section that is a list; nothing at all if the list is empty."""
    entries = list(entries)
    return bytes([identity]) + sized(number(len(entries)) + b"".join(entries)) if entries else b""
