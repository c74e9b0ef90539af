"""Memory without what nobody will read again: it would make components differ that are the same, and larger.

Python's memory comes from dlmalloc, the allocator of the C library for WASI: the heap is a row of *chunks*, each with
its size and two flags four bytes before its content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_FLAGS = 7
_IN_USE = 2
_HEAD_BYTES = 8
_ALIGNMENT = 16
_GROWTH = 65536
_FENCE_BYTES = 64
"""At least what the allocator keeps for itself behind the last chunk."""
_LINKS, _TREE_LINKS, _SMALLEST_TREE = 16, 32, 256
"""How much of a free chunk the allocator itself uses, and from which size on it is more."""
_ADAPTER_MAGIC = b"ugh!"
_ADAPTER_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Addresses in a component's memory."""

    stack: int
    """Where the stack begins to grow down from; nothing is on it while nothing runs."""
    heap: int
    chance: tuple[tuple[int, int], ...]
    """Numbers drawn or times taken at the start: address and length."""


def tidied(memory: bytearray, landmarks: Landmarks) -> bytes:
    """``memory`` with zeros where there is nothing."""
    memory[: landmarks.stack] = bytes(landmarks.stack)
    for address, length in landmarks.chance:
        memory[address : address + length] = bytes(length)
    adapter = _adapter_state(memory)
    for start, size, in_use in _chunks(memory, landmarks.heap):
        content = start + _HEAD_BYTES
        end = min(start + size, len(memory))
        if not in_use:
            content = start + (_TREE_LINKS if size >= _SMALLEST_TREE else _LINKS)
        elif adapter is None or start + size != adapter - _HEAD_BYTES:
            continue
        memory[content:end] = bytes(end - content)
    return bytes(memory)


def holes(memory: bytes, landmarks: Landmarks) -> list[int]:
    """Room, in bytes, of each free chunk between others, smallest first; what is free behind all others is none."""
    free = [(start, size) for start, size, in_use in _chunks(memory, landmarks.heap) if not in_use]
    rest = max((start for start, size in free if size > _FENCE_BYTES), default=0)
    return sorted(max(size - _HEAD_BYTES, _HEAD_BYTES) for start, size in free if start < rest)


def _adapter_state(memory: bytearray) -> int | None:
    """Where the adapter to WASI preview 1 keeps what it knows; its stack, in the chunk before, is empty by now."""
    first = memory.find(_ADAPTER_MAGIC)
    last = first + _ADAPTER_BYTES - len(_ADAPTER_MAGIC)
    return first if first >= 0 and memory[last : last + len(_ADAPTER_MAGIC)] == _ADAPTER_MAGIC else None


def _chunks(memory: bytes | bytearray, heap: int) -> Iterator[tuple[int, int, bool]]:
    """Address, size, and whether somebody uses it, of every chunk of the heap."""
    while heap + _ALIGNMENT < len(memory):
        start = heap + -(heap + _HEAD_BYTES) % _ALIGNMENT
        while start + _HEAD_BYTES <= len(memory):
            head = struct.unpack_from("<I", memory, start + 4)[0]
            size = head & ~_FLAGS
            if size == 0:
                break
            yield start, size, bool(head & _IN_USE)
            start += size
        # A piece of the heap ends with chunks of no size; the next begins where memory was grown.
        heap = (start + _GROWTH) // _GROWTH * _GROWTH
