"""WASI preview 1 for the time of a build: files to read, a clock that counts questions, numbers that only look random.

Whatever is answered here ends in the component, so the answers depend on nothing but the files.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pharia_skill.builder.snapshot.files import Entry, Files

ANSWER = 9
"""What is written to this file descriptor comes back from :meth:`Preview1.take_answer`."""

_OK, _BADF, _ISDIR, _NOENT, _NOSYS, _NOTDIR, _ROFS = 0, 8, 31, 44, 52, 54, 69
_STDOUT, _STDERR, _FIRST_MOUNT = 1, 2, 3
_CHARACTERS, _FOLDER, _FILE = 2, 3, 4
_CREATE, _ONLY_FOLDER, _EXCLUSIVE, _TRUNCATE = 1, 2, 4, 8
_ALL_RIGHTS = (1 << 64) - 1
_MONDAY = 1_735_689_600_000_000_000
"""The first of January 2025, in nanoseconds."""
_TICK = 1_000_000
_MOST_OUTPUT = 1 << 20
_SUBSCRIPTION_BYTES = 48
_POLL = "wasi:io/poll#poll"
_SLEEPING = {
    "wasi:clocks/monotonic-clock#subscribe-duration": 0,
    "wasi:clocks/monotonic-clock#subscribe-instant": 0,
    "wasi:io/poll#[method]pollable.block": None,
    "resource": None,
}
"""What they return. Nobody waits while a component is built."""
_NEW_SOCKETS = ("wasi:sockets/tcp-create-socket#create-tcp-socket", "wasi:sockets/udp-create-socket#create-udp-socket")
"""Libraries try whether there is a network when they are imported, and take no for an answer."""
_ACCESS_DENIED = (1, 1)
"""The second case of a result, and of ``wasi:sockets/network.error-code``."""


class Memory(Protocol):
    def read(self, address: int, length: int) -> bytes: ...

    def write(self, address: int, content: bytes) -> None: ...


class NotAvailable(Exception):
    """A function was called that only a running skill has; the text is its name."""


class Exited(Exception):
    """The program inside wants to end."""


@dataclass(slots=True)
class _Open:
    entry: Entry
    content: bytes | None
    """``None`` for a folder."""
    position: int = 0


class Preview1:
    """Answers every function by its name; pointers are into ``memory``."""

    def __init__(self, files: Files, memory: Memory) -> None:
        self.printed = bytearray()
        self._answer = bytearray()
        self._files = files
        self._memory = memory
        self._now = 0
        self._drawn = 0
        self._first_free = _FIRST_MOUNT + len(files.mounts)
        self._open = {_FIRST_MOUNT + number: _Open(files.root(number), None) for number in range(len(files.mounts))}

    def take_answer(self) -> bytes:
        """What was written to :data:`ANSWER` since the last time."""
        answer, self._answer = bytes(self._answer), bytearray()
        return answer

    def call(self, name: str, arguments: Sequence[int]) -> int | None:
        """Answer a function of preview 1, or one of preview 2 that Python's C library calls itself to sleep.

        Raises :class:`NotAvailable` for all others.
        """
        if name in _SLEEPING:
            return _SLEEPING[name]
        if name == _POLL:
            self._memory.write(arguments[2], struct.pack("<II", 0, 0))
            return None
        if name in _NEW_SOCKETS:
            self._memory.write(arguments[1], struct.pack("<II", *_ACCESS_DENIED))
            return None
        if name.startswith("_") or not name.isidentifier():
            raise NotAvailable(name)
        found: Callable[..., int | None] | None = getattr(self, name, None)
        return _NOSYS if found is None else found(*arguments)

    def proc_exit(self, status: int) -> None:
        raise Exited(status)

    def sched_yield(self) -> int:
        return _OK

    def args_sizes_get(self, count: int, size: int) -> int:
        self._u32(count, 0)
        return self._u32(size, 0)

    environ_sizes_get = args_sizes_get

    def args_get(self, pointers: int, texts: int) -> int:
        return _OK

    environ_get = args_get

    def clock_res_get(self, clock: int, result: int) -> int:
        return self._u64(result, _TICK)

    def clock_time_get(self, clock: int, precision: int, result: int) -> int:
        self._now += _TICK
        return self._u64(result, self._now + (_MONDAY if clock == 0 else 0))

    def poll_oneoff(self, subscriptions: int, events: int, count: int, result: int) -> int:
        for number in range(count):
            raw = self._memory.read(subscriptions + number * _SUBSCRIPTION_BYTES, _SUBSCRIPTION_BYTES)
            self._memory.write(events + number * 32, raw[:8] + struct.pack("<HB21x", 0, raw[8]))
        return self._u32(result, count)

    def random_get(self, address: int, length: int) -> int:
        self._drawn += 1
        self._memory.write(address, hashlib.shake_256(str(self._drawn).encode()).digest(length))
        return _OK

    def fd_prestat_get(self, number: int, result: int) -> int:
        if not _FIRST_MOUNT <= number < self._first_free:
            return _BADF
        self._memory.write(result, struct.pack("<II", 0, len(self._open[number].entry.name.encode())))
        return _OK

    def fd_prestat_dir_name(self, number: int, address: int, length: int) -> int:
        self._memory.write(address, self._open[number].entry.name.encode()[:length])
        return _OK

    def fd_fdstat_get(self, number: int, result: int) -> int:
        found = self._open.get(number)
        if found is None and number > _STDERR and number != ANSWER:
            return _BADF
        kind = _CHARACTERS if found is None else _FOLDER if found.content is None else _FILE
        self._memory.write(result, struct.pack("<B7xQQ", kind, _ALL_RIGHTS, _ALL_RIGHTS))
        return _OK

    def fd_fdstat_set_flags(self, number: int, flags: int) -> int:
        return _OK

    def fd_filestat_get(self, number: int, result: int) -> int:
        found = self._open.get(number)
        return _BADF if found is None else self._stat(found.entry, result)

    def path_filestat_get(self, number: int, flags: int, path: int, length: int, result: int) -> int:
        entry = self._find(number, path, length)
        return _NOENT if entry is None else self._stat(entry, result)

    def path_open(
        self,
        number: int,
        lookup: int,
        path: int,
        length: int,
        flags: int,
        rights: int,
        inherited: int,
        fd_flags: int,
        result: int,
    ) -> int:
        entry = self._find(number, path, length)
        if entry is None:
            return _ROFS if flags & _CREATE else _NOENT
        if flags & (_EXCLUSIVE | _TRUNCATE):
            return _ROFS
        if flags & _ONLY_FOLDER and not entry.is_folder:
            return _NOTDIR
        try:
            content = None if entry.is_folder else self._files.read(entry)
        except OSError:
            return _NOENT
        free = max(self._open, default=0) + 1
        free = max(free, ANSWER + 1, self._first_free)
        self._open[free] = _Open(entry, content)
        return self._u32(result, free)

    def fd_close(self, number: int) -> int:
        return _BADF if self._open.pop(number, None) is None else _OK

    def fd_read(self, number: int, vectors: int, count: int, result: int) -> int:
        found = self._open.get(number)
        if found is None:
            return self._u32(result, 0) if number == 0 else _BADF
        if found.content is None:
            return _ISDIR
        start = found.position
        for address, length in self._vectors(vectors, count):
            part = found.content[found.position : found.position + length]
            self._memory.write(address, part)
            found.position += len(part)
        return self._u32(result, found.position - start)

    def fd_seek(self, number: int, offset: int, whence: int, result: int) -> int:
        found = self._open.get(number)
        if found is None or found.content is None:
            return _BADF
        found.position = max(0, offset + (0, found.position, len(found.content))[whence])
        return self._u64(result, found.position)

    def fd_tell(self, number: int, result: int) -> int:
        return self.fd_seek(number, 0, 1, result)

    def fd_write(self, number: int, vectors: int, count: int, result: int) -> int:
        if number not in (_STDOUT, _STDERR, ANSWER):
            return _ROFS if number in self._open else _BADF
        written = b"".join(self._memory.read(address, length) for address, length in self._vectors(vectors, count))
        if number == ANSWER:
            self._answer += written
        elif number == _STDERR:
            self.printed = (self.printed + written)[-_MOST_OUTPUT:]
        return self._u32(result, len(written))

    def fd_readdir(self, number: int, buffer: int, length: int, cookie: int, result: int) -> int:
        found = self._open.get(number)
        if found is None or found.content is not None:
            return _BADF if found is None else _NOTDIR
        listed = bytearray()
        for position, (name, is_folder) in enumerate(self._files.names(found.entry)[cookie:], start=cookie + 1):
            encoded = name.encode()
            listed += struct.pack("<QQIB3x", position, 1, len(encoded), _FOLDER if is_folder else _FILE) + encoded
            if len(listed) >= length:
                break
        self._memory.write(buffer, bytes(listed[:length]))
        return self._u32(result, min(len(listed), length))

    def _find(self, number: int, path: int, length: int) -> Entry | None:
        found = self._open.get(number)
        if found is None:
            return None
        return self._files.find(found.entry, self._memory.read(path, length).decode(errors="replace"))

    def _stat(self, entry: Entry, result: int) -> int:
        kind = _FOLDER if entry.is_folder else _FILE
        number = int.from_bytes(hashlib.sha256(entry.name.encode()).digest()[:7], "little")
        self._memory.write(result, struct.pack("<QQB7xQQQQQ", 1, number, kind, 1, entry.size, 0, 0, 0))
        return _OK

    def _vectors(self, address: int, count: int) -> list[tuple[int, int]]:
        raw = self._memory.read(address, 8 * count)
        return [struct.unpack_from("<II", raw, 8 * number) for number in range(count)]

    def _u32(self, address: int, value: int) -> int:
        self._memory.write(address, struct.pack("<I", value))
        return _OK

    def _u64(self, address: int, value: int) -> int:
        self._memory.write(address, struct.pack("<Q", value))
        return _OK
