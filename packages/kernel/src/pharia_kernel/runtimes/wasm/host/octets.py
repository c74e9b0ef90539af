"""Bytes on their way in and out of a guest: as a list, value by value, or packed, as a text of one character each.

Where bytes are packed, so are the texts beside them: they come as the bytes of their UTF-8. A packed megabyte takes
about 3 ms each way; a list takes about 60, and 48 MB beside it.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

from pharia_kernel.runtimes.wasm.host import capi
from pharia_kernel.runtimes.wasm.host.errors import GuestTrap, expected
from pharia_kernel.runtimes.wasm.host.names import NAME_SIZE, new_name, read_name, size_and_place, two_words, utf8

VALUE = 8
"""Offset of the union behind the kind."""
U8_KIND, STRING_KIND, LIST_KIND, TUPLE_KIND = 2, 12, 13, 15
vector = struct.Struct("<B7xQQ8x")
_ROW = 4096
"""Bytes at a time: their values stay in the processor's cache, so the list's memory is gone through once."""
_BLANK_ROW = (bytes([U8_KIND]) + bytes(capi.VAL_SIZE - 1)) * _ROW
_COLUMN = slice(VALUE, None, capi.VAL_SIZE)


def lift_list(at: int, _: int) -> bytes:
    size, data = size_and_place(at + VALUE)
    if not size:
        return b""
    rows = range(0, size, _ROW)
    return b"".join(
        [ctypes.string_at(data + row * capi.VAL_SIZE, min(_ROW, size - row) * capi.VAL_SIZE)[_COLUMN] for row in rows]
    )


def lower_list(value: Any, _: int) -> bytes:
    source = _view(value)
    count = len(source)
    slot = ctypes.create_string_buffer(NAME_SIZE)
    capi.list_new(ctypes.addressof(slot), count)
    size, data = two_words.unpack(slot.raw)
    row = bytearray(_BLANK_ROW if count >= _ROW else _BLANK_ROW[: count * capi.VAL_SIZE])
    block = (ctypes.c_char * len(row)).from_buffer(row)
    for begin in range(0, count, _ROW):
        part = source[begin : begin + _ROW]
        row[VALUE : VALUE + len(part) * capi.VAL_SIZE : capi.VAL_SIZE] = part
        ctypes.memmove(data + begin * capi.VAL_SIZE, block, len(part) * capi.VAL_SIZE)
    return vector.pack(LIST_KIND, size, data)


def lift_packed(at: int, _: int) -> bytes:
    """Of the text in the tuple."""
    return _bytes_of(read_name(size_and_place(at + VALUE)[1] + VALUE))


def lower_packed(value: Any, _: int) -> bytes:
    text = vector.pack(STRING_KIND, *two_words.unpack(new_name(_characters(bytes(_view(value))))))
    slot = ctypes.create_string_buffer(NAME_SIZE)
    capi.tuple_new(ctypes.addressof(slot), 1)
    size, data = two_words.unpack(slot.raw)
    ctypes.memmove(data, text, len(text))
    return vector.pack(TUPLE_KIND, size, data)


def lift_packed_text(at: int, _: int) -> str:
    try:
        return _bytes_of(read_name(at + VALUE)).decode()
    except UnicodeDecodeError as error:
        raise GuestTrap(f"a text of the component is not UTF-8: {error.reason} at byte {error.start}") from None


def lower_packed_text(value: Any, _: int) -> bytes:
    if not isinstance(value, str):
        raise expected("text", value)
    return vector.pack(STRING_KIND, *two_words.unpack(new_name(_characters(utf8(value)))))


def _characters(data: bytes) -> bytes:
    """UTF-8 of one character for each byte."""
    return data if data.isascii() else data.decode("latin-1").encode()


def _bytes_of(characters: bytes) -> bytes:
    if characters.isascii():
        return characters
    try:
        return characters.decode().encode("latin-1")
    except UnicodeEncodeError:
        raise GuestTrap("the component gives a list of more than 2,147,483,647 bytes") from None


def _view(value: Any) -> memoryview:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise expected("bytes", value)
    return memoryview(value)
