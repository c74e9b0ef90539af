"""What the kernel and a worker process say to each other: JSON behind four bytes with its length."""

from __future__ import annotations

import struct

import msgspec

LENGTH = struct.Struct("!I")
LARGEST = 64 * 1024 * 1024
"""Bytes of one message."""


class Load(msgspec.Struct, tag="load", frozen=True):
    """The first message: which package to serve, and how."""

    options: dict[str, object]
    """Of the engine."""
    skills_dir: str
    callbacks: tuple[str, ...]
    """Which functions of the host there are."""
    address_bytes: int
    """Address space that the process may have beside what it has now."""


class Call(msgspec.Struct, tag="call", frozen=True):
    tool: str
    arguments: msgspec.Raw
    request: dict[str, object]
    """The request context of the call."""
    memory_bytes: int | None
    """Less than the engine's, for this call alone."""
    output_bytes: int
    log_bytes: int


class Reply(msgspec.Struct, tag="reply", frozen=True):
    """To an :class:`Ask`."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    failure: str | None = None
    """Why there is no value."""


FromKernel = Load | Call | Reply


class Ready(msgspec.Struct, tag="ready", frozen=True):
    broken: dict[str, str]
    """Entries that do not compile, with the reason."""


class Ask(msgspec.Struct, tag="ask", frozen=True):
    """The skill needs a function of the host."""

    name: str
    request: msgspec.Raw


class Log(msgspec.Struct, tag="log", frozen=True):
    text: str
    severe: bool


class Done(msgspec.Struct, tag="done", frozen=True):
    result: msgspec.Raw
    """JSON."""
    worn: bool
    """The process is not worth another call."""
    dropped: int
    """Bytes of log that were too many."""


class Failed(msgspec.Struct, tag="failed", frozen=True):
    code: str
    """Of the engine's error tree, or ``output``."""
    message: str
    worn: bool = False
    dropped: int = 0


FromWorker = Ready | Ask | Log | Done | Failed

_from_kernel: msgspec.json.Decoder[FromKernel] = msgspec.json.Decoder(FromKernel)
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
_encoder = msgspec.json.Encoder()


def packed(message: FromKernel | FromWorker) -> bytes:
    """Raises :class:`ValueError` for what is too long, or no JSON."""
    content = _encoder.encode(message)
    if len(content) > LARGEST:
        raise ValueError(f"a message of {len(content):,} bytes; {LARGEST:,} are the most")
    return LENGTH.pack(len(content)) + content


def order(content: bytes) -> FromKernel:
    return _from_kernel.decode(content)


def report(content: bytes) -> FromWorker:
    """Raises :class:`msgspec.DecodeError` for anything that no worker says."""
    return _from_worker.decode(content)
