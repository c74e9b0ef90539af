"""A web server that gives out one document as a test says, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class DescriptionServer:
    url: str = ""
    text: str = "skills = []"
    status: int = 200
    reply: Reply | None = None
    """Instead of the document."""
    asked: list[web.Request] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def hang(self, request: web.Request) -> web.StreamResponse:
        await self.ended.wait()
        return web.Response(status=500)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.reply is not None:
            return await self.reply(request)
        etag = f'"{hashlib.sha256(self.text.encode()).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag and self.status == 200:
            return web.Response(status=304)
        return web.Response(text=self.text, status=self.status, headers={"ETag": etag})


@asynccontextmanager
async def description_server() -> AsyncIterator[DescriptionServer]:
    server = DescriptionServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}/team/skills.toml"
        yield server
    finally:
        server.ended.set()
        await runner.cleanup()
