"""An OpenAI-compatible server on 127.0.0.1 that answers as it is told, and knows who is still connected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakSet

import msgspec
from aiohttp import web

Json = Any
Then = Literal["done", "close", "reset", "hang"]


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: Json


@dataclass(frozen=True)
class Whole:
    """One body, after ``delay`` seconds, or once ``until`` is set."""

    body: Json | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    until: asyncio.Event | None = None


@dataclass(frozen=True)
class Events:
    """A stream. ``then``: announce the end, end without announcement, break the connection, or keep it open."""

    chunks: Sequence[Json | bytes]
    then: Then = "done"
    gap: float = 0.0
    """Seconds between two chunks."""


@dataclass(frozen=True)
class Hang:
    """No answer at all."""


@dataclass(frozen=True)
class Choose:
    """The reply that suits the body of the request."""

    reply: Callable[[Json], Whole | Events | Hang]


Reply = Whole | Events | Hang | Choose


class OpenAiStub:
    """An async context manager. ``replies`` are used up one per request; the last one stays."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies) or [Whole(chat_answer("Hello"))]
        self.received: list[Received] = []
        self.open = 0
        """Requests that were neither answered completely nor given up by their client."""
        self.most_open = 0
        self.disconnects = 0
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()
        self.connections = 0
        """How many there were in all."""
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> OpenAiStub:
        app = web.Application()
        app.router.add_post("/v1/{route:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def connected(self) -> int:
        """Connections that are open now."""
        return sum(not transport.is_closing() for transport in self._transports)

    async def until(self, condition: Callable[[OpenAiStub], bool], seconds: float = 10.0) -> None:
        """Wait until the condition holds, say ``lambda stub: stub.open == 0``."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        self.received.append(Received(request.path.removeprefix("/v1"), request.headers, body))
        self.open += 1
        if request.transport is not None and request.transport not in self._transports:
            self._transports.add(request.transport)
            self.connections += 1
        self.most_open = max(self.most_open, self.open)
        await self._tell()
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        try:
            return await _answered(request, reply.reply(body) if isinstance(reply, Choose) else reply)
        except (asyncio.CancelledError, ConnectionResetError):
            self.disconnects += 1
            raise
        finally:
            self.open -= 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _answered(request: web.Request, reply: Whole | Events | Hang) -> web.StreamResponse:
    if isinstance(reply, Whole):
        await (asyncio.sleep(reply.delay) if reply.until is None else reply.until.wait())
        body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        return web.Response(
            status=reply.status, body=body, headers={"Content-Type": "application/json", **reply.headers}
        )
    if isinstance(reply, Hang):
        await asyncio.Event().wait()
    assert isinstance(reply, Events)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for chunk in reply.chunks:
        await response.write(chunk if isinstance(chunk, bytes) else b"data: " + msgspec.json.encode(chunk) + b"\n\n")
        if reply.gap:
            await asyncio.sleep(reply.gap)
    if reply.then == "hang":
        await asyncio.Event().wait()
    if reply.then == "reset":
        assert request.transport is not None
        request.transport.abort()
        return response
    if reply.then == "done":
        await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def chat_answer(content: str | None, *, finish: str | None = "stop", **message: Json) -> Json:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "stub-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish,
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def completion_answer(text: str, *, finish: str = "stop", logprobs: Json = None) -> Json:
    return {
        "model": "stub-1",
        "choices": [{"index": 0, "text": text, "finish_reason": finish, "logprobs": logprobs}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def delta(finish: str | None = None, logprobs: Json = None, **members: Json) -> Json:
    """One chunk of a chat stream."""
    choice = {"index": 0, "delta": members, "finish_reason": finish, "logprobs": logprobs}
    return {"object": "chat.completion.chunk", "model": "stub-1", "choices": [choice]}


def piece(text: str, finish: str | None = None, logprobs: Json = None) -> Json:
    """One chunk of a completion stream."""
    return {"model": "stub-1", "choices": [{"index": 0, "text": text, "finish_reason": finish, "logprobs": logprobs}]}


def usage(prompt: int = 3, completion: int = 2) -> Json:
    """The chunk that ends a stream."""
    return {
        "model": "stub-1",
        "choices": [],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


def chat_chunks(*texts: str, finish: str = "stop") -> list[Json]:
    return [delta(role="assistant", content=""), *(delta(content=text) for text in texts), delta(finish), usage()]


def failure(message: str, code: str | None = None, kind: str = "invalid_request_error") -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
