"""Objects that need no counting: what is there when a component starts stays as long as the component.

Python counts in every object how often it is referred to, so that even looking at one writes to memory. Each call has
memory of its own that is copied page by page when it is written to: uncounted objects save a call most of the copies.
CPython calls such objects immortal (PEP 683) and knows them by their count.
"""

from __future__ import annotations

import struct

IMMORTAL = 0x3FFFFFFF
"""The count in 32-bit builds of CPython 3.12."""
_MOST_REFERENCES = 1 << 20
"""What is more, or nothing, is no count but an address: the object was made after the memory was read."""


def lasting(memory: bytes, addresses: bytes) -> bytes:
    """``memory`` with the objects at ``addresses``, 4 bytes each, made immortal."""
    result = bytearray(memory)
    for (address,) in struct.iter_unpack("<I", addresses):
        (count,) = struct.unpack_from("<I", result, address)
        if 0 < count < _MOST_REFERENCES:
            struct.pack_into("<I", result, address, IMMORTAL)
    return bytes(result)
