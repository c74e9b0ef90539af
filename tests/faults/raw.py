"""One request on one connection, byte by byte."""

from __future__ import annotations

import asyncio
import json
from typing import Any


def head(path: str, length: int, **headers: str) -> bytes:
    named = {"host": "kernel", "content-type": "application/json", "content-length": length, **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def exchange(address: tuple[str, int], path: str, body: Any) -> bytes:
    """Everything that comes back until the connection is closed; nothing where it can not be opened."""
    content = json.dumps(body).encode()
    try:
        reader, writer = await asyncio.open_connection(*address)
    except OSError:
        return b""
    received = b""
    try:
        writer.write(head(path, len(content), connection="close") + content)
        while data := await reader.read(65536):
            received += data
    except OSError:
        pass
    finally:
        writer.close()
    return received


def answers(received: bytes) -> list[tuple[int, bytes]]:
    """Status and body of every answer; raises :class:`ValueError` for one that is not whole."""
    found = []
    while received:
        first, separator, rest = received.partition(b"\r\n\r\n")
        if not separator:
            raise ValueError(f"half a head: {received!r}")
        status, *lines = first.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers["content-length"])
        if len(rest) < length:
            raise ValueError(f"half a body: {received!r}")
        found.append((int(status.split()[1]), rest[:length]))
        received = rest[length:]
    return found
