"""An OpenAI-compatible backend that costs little: answers chats after a delay, or streams numbered tokens.

``python -m bench.stub_backend PORT DELAY_MS TOKENS INTERVAL_MS``; the text of a token is the clock's nanoseconds when
it was written (CLOCK_MONOTONIC is the same in every process of the machine).
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

ANSWER = (
    b'{"id":"1","object":"chat.completion","created":0,"model":"stub","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"an answer"},"text":"an answer","finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}'
)
PHASES = 100
"""Streams do not tick at the same moment, and do not get in step: each has times of its own to keep."""
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _frame(delta: str, finish: str = "null") -> bytes:
    data = f'data: {{"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}\n\n'.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return await reader.readexactly(length)


async def _stream(writer: asyncio.StreamWriter, tokens: int, interval: float, number: int) -> None:
    writer.write(STREAM_HEAD + _frame('{"role":"assistant","content":""}'))
    loop = asyncio.get_running_loop()
    due = loop.time() + interval * (1 - loop.time() / interval % 1 + number % PHASES / PHASES) if interval else 0
    for _ in range(tokens):
        if interval:
            await asyncio.sleep(due - loop.time())
            due += interval
        writer.write(_frame(f'{{"content":"{time.monotonic_ns()} "}}'))
        await writer.drain()
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
    writer.write(_frame("{}", '"stop"') + b"%x\r\n%s\r\n0\r\n\r\n" % (len(usage), usage))
    await writer.drain()


async def main(port: int, delay: float, tokens: int, interval: float) -> None:
    numbers = itertools.count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await _read_request(reader)
                if b'"stream":true' in request:
                    await _stream(writer, tokens, interval, next(numbers))
                else:
                    await asyncio.sleep(delay)
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    writer.write(head % len(ANSWER) + ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    number, delay_ms, count, interval_ms = (int(word) for word in sys.argv[1:5])
    uvloop.run(main(number, delay_ms / 1e3, count, interval_ms / 1e3))
