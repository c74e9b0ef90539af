"""The key-value part of a GGUF model file, which holds the model's vocabulary.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_PAIRS = 10_000
_ITEMS = 4_000_000
_STRING_BYTES = 16 * 1024 * 1024


class NotGguf(Exception):
    """The file can not be read as GGUF; says why."""


def metadata(file: Path, keys: Collection[str]) -> dict[str, Any]:
    """The values of those ``keys`` that the file has. Blocks, for a tenth of a second. Raises :class:`NotGguf`."""
    try:
        with file.open("rb") as stream:
            return _Reader(stream).metadata(keys)
    except OSError as error:
        raise NotGguf(f"it can not be read: {error.strerror}") from None


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def metadata(self, keys: Collection[str]) -> dict[str, Any]:
        if self._take(4) != b"GGUF" or self._number("I") not in (2, 3):
            raise NotGguf("it is not a GGUF file of version 2 or 3")
        self._number("Q")  # tensors
        found: dict[str, Any] = {}
        for _ in range(self._count(_PAIRS)):
            key = self._string()
            value = self._value(self._number("I"))
            if key in keys:
                found[key] = value
        return found

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        return self._number(self._code(kind))

    def _array(self) -> list[Any]:
        kind = self._number("I")
        count = self._count(_ITEMS)
        if kind == _STRING:
            return [self._string() for _ in range(count)]
        code = self._code(kind)
        return list(struct.unpack(f"<{count}{code}", self._take(count * struct.calcsize(f"<{code}"))))

    def _code(self, kind: int) -> str:
        if kind not in _NUMBERS:
            raise NotGguf(f"it has a value of the unknown kind {kind}")
        return _NUMBERS[kind]

    def _string(self) -> str:
        return self._take(self._count(_STRING_BYTES)).decode("utf-8", "replace")

    def _count(self, most: int) -> int:
        count: int = self._number("Q")
        if count > most:
            raise NotGguf(f"it says that something has {count} parts")
        return count

    def _number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0]

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise NotGguf("it ends too early")
        return data
