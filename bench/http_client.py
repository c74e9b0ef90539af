"""Which HTTP client reads token streams with the least work: the reason why the kernel uses aiohttp.

``python -m bench.http_client``. Processor time of the reading process per streamed token, 100 streams at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
import httpx
import uvloop

from bench.processes import BACKEND, free_port, process
from bench.report import Line, show
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.csi.types import ChatRequest, Turn
from pharia_kernel.types import Caller

STREAMS = 100
TOKENS = 100
INTERVAL_MS = 25
"""Slow enough that every token is a read of its own, as with a real model."""
BODY = b'{"stream":true}'

Reader = Callable[[], Awaitable[int]]


async def _with_aiohttp(url: str) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def read() -> int:
            async with session.post(f"{url}/chat/completions", data=BODY) as response:
                count = 0
                while data := await response.content.readany():
                    count += data.count(b"data: ")
                return count

        return await _per_token(read)


async def _with_httpx(url: str) -> float:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=STREAMS)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def read() -> int:
            async with client.stream("POST", f"{url}/chat/completions", content=BODY) as response:
                return sum([data.count(b"data: ") async for data in response.aiter_raw()])

        return await _per_token(read)


async def _with_backend(url: str) -> float:
    request = ChatRequest("m", (Turn("user", "Hi"),))
    async with OpenAiBackend(OpenAiOptions(url)) as backend:

        async def read() -> int:
            return len([part async for part in backend.chat_stream(request, Caller())])

        return await _per_token(read)


async def _per_token(read: Reader) -> float:
    """Microseconds of this process."""
    await read()
    begin = time.process_time()
    counts = await asyncio.gather(*(read() for _ in range(STREAMS)))
    return (time.process_time() - begin) / sum(counts) * 1e6


def main() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    with process([*BACKEND, str(port), "0", str(TOKENS), str(INTERVAL_MS)], port):
        httpx_alone = uvloop.run(_with_httpx(url))
        aiohttp_alone = uvloop.run(_with_aiohttp(url))
        backend = uvloop.run(_with_backend(url))
    lines = [
        Line("httpx, bytes only", httpx_alone, "us/token"),
        Line("aiohttp, bytes only", aiohttp_alone, "us/token"),
        Line("httpx / aiohttp", httpx_alone / aiohttp_alone, "x"),
        Line("the kernel's backend: aiohttp, deadline, events, JSON, parts", backend, "us/token"),
    ]
    show(f"{STREAMS} streams at once, a token every {INTERVAL_MS} ms each: processor time to read a token", lines)


if __name__ == "__main__":
    main()
