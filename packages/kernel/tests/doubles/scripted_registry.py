"""A registry in memory that misbehaves as a test says, in ways the real one does not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from doubles.oci_image import OciImage, digest_of

Script = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""None leaves the answer to the registry."""


@dataclass
class ScriptedRegistry:
    host: str = ""
    script: Script | None = None
    asked: list[web.Request] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    manifests: dict[str, bytes] = field(default_factory=dict)
    """By ``REPOSITORY/TAG`` and ``REPOSITORY/DIGEST``."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    with_digests: bool = True
    """Name a manifest's digest in a header."""

    def put(self, reference: str, image: OciImage) -> str:
        """``reference`` is ``REPOSITORY:TAG``."""
        repository, _, tag = reference.rpartition(":")
        self.manifests[f"{repository}/{tag}"] = self.manifests[f"{repository}/{image.digest}"] = image.manifest
        self.blobs |= {digest_of(blob): blob for blob in image.blobs}
        return image.digest

    def paths(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.asked]

    async def hang(self, request: web.Request) -> web.StreamResponse:
        """A script."""
        await self.ended.wait()
        return web.Response(status=500)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.arrived.set()
        if self.script is not None and (scripted := await self.script(request)) is not None:
            return scripted
        repository, _, kind = request.path.removeprefix("/v2/").rpartition("/")[0].rpartition("/")
        name = request.path.rpartition("/")[2]
        if kind == "manifests" and (manifest := self.manifests.get(f"{repository}/{name}")) is not None:
            headers = {"Docker-Content-Digest": digest_of(manifest)} if self.with_digests else {}
            return web.Response(body=manifest, headers=headers)
        if kind == "blobs" and (blob := self.blobs.get(name)) is not None:
            return web.Response(body=blob)
        return refusal(404, "MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN")


def refusal(status: int, code: str = "", message: str = "as scripted", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status, headers=named)


@asynccontextmanager
async def scripted_registry(
    script: Script | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedRegistry]:
    registry = ScriptedRegistry(script=script)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", registry.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        host, port = runner.addresses[0][:2]
        registry.host = f"{host}:{port}"
        yield registry
    finally:
        registry.ended.set()
        await runner.cleanup()
