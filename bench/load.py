"""A client that costs little: keep-alive connections, one request at a time on each."""

from __future__ import annotations

import asyncio
import time


def post(path: str, body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """One request on an open connection; the body of the answer. Raises unless the status is 200."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"content-length:" in lowered:
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
    else:
        body = await _chunks(reader)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{head.splitlines()[0]!r}: {body[:300]!r}")
    return body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


async def measure(port: int, request: bytes, *, connections: int, requests: int) -> tuple[list[float], float]:
    """Seconds of each request, and of all together; a tenth is sent before the clock starts."""
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    times: list[float] = []
    left = iter(range(requests + requests // 10))

    async def worker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for index in left:
            begin = time.perf_counter()
            await exchange(reader, writer, request)
            if index >= requests // 10:
                times.append(time.perf_counter() - begin)

    await exchange(*streams[0], request)
    begin = time.perf_counter()
    await asyncio.gather(*(worker(reader, writer) for reader, writer in streams))
    total = time.perf_counter() - begin
    for _, writer in streams:
        writer.close()
    return times, total * len(times) / (requests + requests // 10)
