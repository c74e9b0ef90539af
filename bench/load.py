"""Clients that cost little: keep-alive connections, one request at a time on each.

What the client computes counts as the server's time, and as a load beside it: one at a time over a blocking socket,
several by callbacks of uvloop.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import cast

import uvloop


def post(path: str, body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def rest_of(received: bytes | bytearray) -> int | None:
    """How many bytes of the answer, which names its length, are to come; None before its head is complete.

    Raises unless the status is 200.
    """
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{bytes(head.splitlines()[0])!r}: {bytes(body[:300])!r}")
    lowered = bytes(head).lower()
    return int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]) - len(body)


def alone(port: int, request: bytes, requests: int) -> list[float]:
    """Seconds of each request on one connection; a tenth is sent before."""
    times = []
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(requests + requests // 10):
            begin = time.perf_counter()
            connection.sendall(request)
            received = connection.recv(1 << 16)
            while rest_of(received) != 0:
                more = connection.recv(1 << 16)
                if not more:
                    raise ConnectionError("the server closed the connection")
                received += more
            times.append(time.perf_counter() - begin)
    return times[requests // 10 :]


class _Connection(asyncio.Protocol):
    """Sends as long as there are turns left."""

    def __init__(self, request: bytes, turns: Iterator[int], times: list[float]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._turns = turns
        self._times = times
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        if next(self._turns, None) is None:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            rest = rest_of(self._received)
        except RuntimeError as error:
            self.ended.set_exception(error)
            self._transport.abort()
            return
        if rest == 0:
            self._times.append(time.perf_counter() - self._began)
            self._received.clear()
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def _together(port: int, request: bytes, connections: int, requests: int) -> tuple[list[float], float]:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    turns = iter(range(requests))
    opened = [
        await loop.create_connection(lambda: _Connection(request, turns, times), "127.0.0.1", port)
        for _ in range(connections)
    ]
    begin = time.perf_counter()
    for _, connection in opened:
        connection.send()
    await asyncio.gather(*(connection.ended for _, connection in opened))
    return times, time.perf_counter() - begin


def together(
    port: int, request: bytes, *, connections: int, requests: int, before: int | None = None
) -> tuple[list[float], float]:
    """Seconds of each request, and of all together; a tenth, or ``before``, is sent before the clock starts."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if first := requests // 10 if before is None else before:
            runner.run(_together(port, request, connections, first))
        return runner.run(_together(port, request, connections, requests))
