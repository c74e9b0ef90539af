"""What the kernel adds to a token on its way from the backend to the client, and how many it can pass on."""

from __future__ import annotations

import asyncio
import statistics
import time

from bench import built
from bench.load import post
from bench.processes import BACKEND, cpu_seconds, free_port, kernel, process
from bench.report import Line, at_most, show

STREAMS = 100
TOKENS = 60
INTERVAL_MS = 100
SETTLING = 25
"""Tokens of each stream that are not counted: they meet the starts of a hundred instances."""
REQUEST = post("/v1/skills/dev/relay/message-stream", b'{"tokens":1}')
DIRECT = post("/v1/chat/completions", b'{"stream":true}')
MARKS = (b'"type":"append","text":"', b'"content":"')


async def read_stream(port: int, request: bytes = REQUEST) -> list[float]:
    """Milliseconds each token was under way."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    late = []
    while line := await reader.readline():
        if sent := _sent(line):
            late.append((time.monotonic_ns() - sent) / 1e6)
        elif b"event: error" in line:
            raise RuntimeError((await reader.readline()).decode())
        elif line == b"0\r\n":
            break
    writer.close()
    return late


def _sent(line: bytes) -> int:
    """When a token was written, or 0 for any other line."""
    for mark in MARKS:
        _, found, rest = line.partition(mark)
        number = rest.split(b" ", 1)[0]
        if found and number.isdigit():
            return int(number)
    return 0


async def paced(port: int, backend_port: int) -> list[Line]:
    await read_stream(port)
    ours: list[float] = []
    direct: list[float] = []
    for late, request, where in ((direct, DIRECT, backend_port), (ours, REQUEST, port)):
        for stream in await asyncio.gather(*(read_stream(where, request) for _ in range(STREAMS))):
            late += stream[SETTLING:]
    ours.sort()
    without = statistics.median(direct)
    return [
        Line("backend to client without the kernel, median", without, "ms"),
        Line("backend to client through the kernel, median", statistics.median(ours), "ms"),
        Line("backend to client through the kernel, 99th percentile", ours[int(len(ours) * 0.99)], "ms"),
        at_most("added per token, median", statistics.median(ours) - without, "ms", 1),
    ]


async def flat_out(port: int, pid: int) -> list[Line]:
    await read_stream(port)
    begin, cpu = time.perf_counter(), cpu_seconds(pid)
    counts = [len(late) for late in await asyncio.gather(*(read_stream(port) for _ in range(STREAMS)))]
    seconds, used = time.perf_counter() - begin, cpu_seconds(pid) - cpu
    return [
        Line("tokens per second of the kernel's processor time (one core)", sum(counts) / used, "tokens/s"),
        Line("tokens per second in all, with backend and client on the same cores", sum(counts) / seconds, "tokens/s"),
    ]


def main() -> None:
    folder = built.skills()
    slow_port, fast_port = free_port(), free_port()
    slow = [*BACKEND, str(slow_port), "0", str(TOKENS), str(INTERVAL_MS)]
    fast = [*BACKEND, str(fast_port), "0", "300", "0"]
    with process(slow, slow_port), kernel(folder, backend_port=slow_port) as (port, _):
        lines = asyncio.run(paced(port, slow_port))
    with process(fast, fast_port), kernel(folder, backend_port=fast_port) as (port, pid):
        lines += asyncio.run(flat_out(port, pid))
    show(f"{STREAMS} streams at once, a token every {INTERVAL_MS} ms each, through a Python skill", lines)


if __name__ == "__main__":
    main()
