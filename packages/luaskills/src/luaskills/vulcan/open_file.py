"""A file handle of `vulcan.io`: the file is held in memory, changes go back on flush and close."""

from __future__ import annotations

from collections.abc import Callable

from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Argument, Arguments, Tag, argument, byte_string, raw
from luaskills.vulcan.function import Handle, Iterator
from luaskills.vulcan.json import scalar

Store = Callable[[bytes, bool], None]
"""Takes content to write back and whether it goes behind what the file has."""


class OpenFile:
    """One handle; `store` is None for what is only read and for files that nobody else sees."""

    def __init__(
        self,
        content: bytes,
        *,
        readable: bool,
        writable: bool,
        appending: bool = False,
        store: Store | None = None,
        success: bool = True,
        limit_bytes: int,
    ) -> None:
        self._content = bytearray(content)
        self._readable, self._writable, self._appending = readable, writable, appending
        self._store, self._success, self._limit = store, success, limit_bytes
        self._position = 0
        self._stored = len(content)
        self._dirty = False
        self._closed = False

    def handle(self) -> Handle:
        """The Lua side of this file."""
        methods = {
            "read": self.read,
            "write": self.write,
            "lines": self.lines,
            "seek": self.seek,
            "flush": self.flush,
            "setvbuf": self.setvbuf,
            "close": self.close,
            "closed": self.closed,
        }
        return Handle(methods)

    def __del__(self) -> None:
        if self.__dict__.get("_closed", True):
            return
        try:
            self._save()
        except HostFunctionError:
            pass  # nobody is left to tell

    def read(self, given: Arguments) -> object:
        """One value for a format: a line, the rest, or a number of bytes; nil at the end."""
        self._open("read")
        if not self._readable:
            raise HostFunctionError("file:read file is not opened for reading")
        if len(given) > 1:
            return [self._read(format_) for format_ in given][-1]
        return self._read(argument(given, 0))

    def _read(self, format_: Argument) -> bytes | None:
        if format_.absent:
            return self._line()
        if format_.tag == Tag.INTEGER and isinstance(format_.value, int | float) and format_.value >= 0:
            count = int(format_.value)
            if self._position >= len(self._content):
                return None
            return self._take(min(len(self._content), self._position + count))
        name = raw(format_.value) if format_.tag == Tag.STRING else scalar(format_).encode()
        match name.removeprefix(b"*")[:1] if format_.tag == Tag.STRING else b"":
            case b"l":
                return self._line()
            case b"a":
                return self._take(len(self._content))
        raise HostFunctionError(f"file:read unsupported format `{name.decode('utf-8', 'replace')}`")

    def write(self, given: Arguments) -> object:
        """Texts, numbers and booleans behind the position (behind the end when appending)."""
        self._open("write")
        if not self._writable:
            raise HostFunctionError("file:write file is not opened for writing")
        for i, part in enumerate(given, start=1):
            if part.tag in (Tag.INTEGER, Tag.NUMBER, Tag.BOOLEAN):
                self._put(scalar(part).encode())
            else:
                self._put(byte_string("file:write", f"argument[{i}]", part))
        return True

    def lines(self, _given: Arguments) -> object:
        """An iterator over the lines that are left."""
        self._open("lines")
        return Iterator(lambda _: self.read([]))

    def seek(self, given: Arguments) -> object:
        """Move; returns the position in bytes from the start."""
        self._open("seek")
        whence, offset = argument(given, 0), argument(given, 1)
        name = "cur" if whence.absent else byte_string("file:seek", "whence", whence).decode("utf-8", "replace")
        if not offset.absent and offset.tag != Tag.INTEGER:
            raise HostFunctionError(f"file:seek: offset must be an integer, got {offset.type_name}")
        bases = {"set": 0, "cur": self._position, "end": len(self._content)}
        if name not in bases:
            raise HostFunctionError(f"file:seek unsupported whence `{name}`")
        position = bases[name] + (0 if offset.absent else int(str(offset.value).partition(".")[0]))
        if position < 0:
            raise HostFunctionError("file:seek offset before start")
        self._position = min(position, len(self._content))
        return self._position

    def flush(self, _given: Arguments) -> object:
        """Write changes back."""
        self._open("flush")
        self._save()
        return True

    def setvbuf(self, _given: Arguments) -> object:
        """Accepted without effect."""
        self._open("setvbuf")
        return True

    def close(self, _given: Arguments) -> object:
        """Write changes back and end; may be repeated. For a command: whether it succeeded."""
        if not self._closed:
            self._closed = True
            self._save()
            self._content = bytearray()
        return self._success

    def closed(self, _given: Arguments) -> object:
        """Whether it was closed."""
        return self._closed

    def _open(self, method: str) -> None:
        if self._closed:
            raise HostFunctionError(f"file:{method} attempt to use a closed file")

    def _line(self) -> bytes | None:
        if self._position >= len(self._content):
            return None
        end = self._content.find(b"\n", self._position)
        line = self._take(len(self._content) if end < 0 else end + 1)
        return line.removesuffix(b"\n").removesuffix(b"\r") if end >= 0 else line

    def _take(self, end: int) -> bytes:
        taken = bytes(self._content[self._position : end])
        self._position = end
        return taken

    def _put(self, content: bytes) -> None:
        start = len(self._content) if self._appending else self._position
        if start + len(content) > self._limit:
            raise HostFunctionError(f"file:write file is larger than {self._limit} bytes")
        self._content[start : start + len(content)] = content
        self._position = start + len(content)
        self._dirty = self._dirty or bool(content)

    def _save(self) -> None:
        if not self._dirty or self._store is None:
            return
        if self._appending:
            self._store(bytes(self._content[self._stored :]), True)
        else:
            self._store(bytes(self._content), False)
        self._stored, self._dirty = len(self._content), False
