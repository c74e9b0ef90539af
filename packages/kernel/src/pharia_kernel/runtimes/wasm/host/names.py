"""``wasm_name_t``, in which wasmtime hands over text: how many bytes of UTF-8, and where they are."""

from __future__ import annotations

import ctypes
import struct

from pharia_kernel.runtimes.wasm.host import capi

NAME_SIZE = 16
two_words = struct.Struct("<QQ")
_string_at = ctypes.string_at


def size_and_place(address: int) -> tuple[int, int]:
    """Of any vector."""
    return two_words.unpack(_string_at(address, NAME_SIZE))


def read_name(address: int) -> bytes:
    size, data = size_and_place(address)
    return _string_at(data, size) if size else b""


def new_name(encoded: bytes) -> bytes:
    """The 16 bytes of one that whoever gets it owns."""
    slot = ctypes.create_string_buffer(NAME_SIZE)
    capi.byte_vec_new(ctypes.addressof(slot), len(encoded), encoded)
    return slot.raw


def utf8(text: str) -> bytes:
    """Half characters, which Python text may have, become question marks."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
