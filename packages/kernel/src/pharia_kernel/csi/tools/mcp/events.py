"""Server-sent events with what is needed to go on after an interruption."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

from pharia_kernel.csi.tools.mcp.failures import ServerFailed


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: bytes
    id: str | None
    """The last one that was sent, in this event or before."""
    retry_seconds: float | None


async def events(received: AsyncIterable[bytes], limit: int) -> AsyncIterator[Event]:
    """Also events without data, which carry an id. Raises :class:`ServerFailed` for more than ``limit`` bytes."""
    name, data, last_id, retry = "message", list[bytes](), None, None
    begun = False
    async for line in _lines(received, limit):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if begun:
                yield Event(name, b"\n".join(data), last_id, retry)
            name, begun = "message", False
            data.clear()
        elif field == b"data":
            data.append(value)
            begun = True
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            last_id = value.decode("latin-1")
            begun = True
        elif field == b"retry" and value.isdigit():
            retry = int(value[:9]) / 1000


async def _lines(received: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Without their ends, which are LF or CR LF."""
    parts: list[bytes] = []
    size = 0
    async for data in received:
        size += len(data)
        if size > limit:
            raise ServerFailed(f"it sent more than {limit:,} bytes in one answer")
        *lines, rest = data.split(b"\n")
        for line in lines:
            yield b"".join([*parts, line]).removesuffix(b"\r")
            parts.clear()
        if rest:
            parts.append(rest)
