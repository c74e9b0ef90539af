"""An identity provider and an IAM service in one, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def public_jwk(key: Any, kid: str | None, **members: Any) -> dict[str, Any]:
    kinds: list[tuple[type, Any]] = [
        (rsa.RSAPrivateKey, jwt.algorithms.RSAAlgorithm),
        (ec.EllipticCurvePrivateKey, jwt.algorithms.ECAlgorithm),
        (ed25519.Ed25519PrivateKey, jwt.algorithms.OKPAlgorithm),
    ]
    algorithm = next(algorithm for kind, algorithm in kinds if isinstance(key, kind))
    found: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
    found.pop("key_ops", None)
    return {**found, **({} if kid is None else {"kid": kid}), **members}


class IdentityService:
    """Answers ``/keys``, the discovery document, and ``/check_user`` as it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[dict[str, Any]] = [public_jwk(RSA, "first", alg="RS256", use="sig")]
        self.replies: dict[str, Reply] = {}
        """By path, instead of what is answered otherwise."""
        self.asked: list[web.Request] = []
        self.bodies: list[Any] = []
        self.permissions: dict[str, list[str]] = {}
        """By token."""
        self.arrived = asyncio.Event()

    @property
    def issuer(self) -> str:
        return self.url

    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    def token(self, key: Any = RSA, algorithm: str = "RS256", kid: str | None = "first", **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "kernel", "sub": "alice", "exp": now + 600, "groups": ["team-dev"]}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(claims, key, algorithm, headers={} if kid is None else {"kid": kid})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.arrived.set()
        self.bodies.append(await request.json() if request.can_read_body else None)
        if request.path in self.replies:
            return await self.replies[request.path](request)
        if request.path == "/keys":
            return web.json_response({"keys": self.keys})
        if request.path == "/.well-known/openid-configuration":
            return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.url}/keys"})
        if request.path == "/check_user":
            return self._user(request)
        return web.Response(status=404)

    def _user(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token not in self.permissions:
            return web.Response(status=401)
        permissions = [{"permission": name} for name in self.permissions[token]]
        user = {"sub": token, "email": f"{token}@example.org", "email_verified": True, "permissions": permissions}
        return web.json_response(user)


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


def status(code: int, text: str = "", **headers: str) -> Reply:
    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers, content_type="application/json")

    return reply


@asynccontextmanager
async def identity_service() -> AsyncIterator[IdentityService]:
    service = IdentityService()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()
