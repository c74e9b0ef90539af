"""Over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from doubles.tokenizer import byte_level
from pharia_kernel.csi.chunking.aleph_alpha import RemoteTokenizers
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CsiError,
    ModelNotFound,
)
from pharia_kernel.types import Caller

_CALLER = Caller("caller-secret")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[..., Awaitable[RemoteTokenizers]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def serve(handler: Handler, **options: Any) -> RemoteTokenizers:
            runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            return await stack.enter_async_context(RemoteTokenizers(f"http://127.0.0.1:{port}", **options))

        yield serve


async def test_a_tokenizer_is_fetched_with_the_token_of_the_caller(serve: Serve) -> None:
    asked: list[tuple[str, str | None, str | None]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        asked.append((request.raw_path, request.headers["Authorization"], request.headers.get("traceparent")))
        return web.Response(text=byte_level().to_str(), content_type="application/json")

    remote = await serve(handler, trace_headers=lambda: {"traceparent": "00-1"})
    build = await remote.fetch("org/ö", _CALLER)
    assert build().get_vocab_size() == byte_level().get_vocab_size()
    assert asked == [("/models/org%2F%C3%B6/tokenizer", "Bearer caller-secret", "00-1")]


async def test_without_token_nothing_is_asked(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        raise AssertionError

    with pytest.raises(BackendUnauthorized, match="Authorization"):
        await (await serve(handler)).fetch("m", Caller())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, BackendUnauthorized),
        (403, BackendUnauthorized),
        (404, ModelNotFound),
        (503, BackendUnavailable),
        (500, BackendFailed),
        (302, BackendFailed),
    ],
)
async def test_refusals_are_told_apart(serve: Serve, status: int, error: type[CsiError]) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, text="caller-secret", headers={"Location": "/elsewhere"})

    remote = await serve(handler)
    with pytest.raises(error, match=f"answered {status} for the tokenizer of model 'm'") as caught:
        await remote.fetch("m", _CALLER)
    assert "caller-secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["{}", "<html>", "\0", '{"model": {"type": "BPE"}}'])
async def test_what_is_not_a_tokenizer_is_refused(serve: Serve, body: str) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(text=body)

    build = await (await serve(handler)).fetch("m", _CALLER)
    with pytest.raises(BackendAnswerInvalid, match="not a tokenizer for model 'm'"):
        build()


async def test_an_answer_that_is_too_large_is_not_read(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(text="x" * 1001)

    with pytest.raises(BackendAnswerInvalid, match="1,000 bytes"):
        await (await serve(handler, answer_bytes=1000)).fetch("m", _CALLER)


async def test_half_an_answer_is_a_failure(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(BackendUnavailable):
        await (await serve(handler)).fetch("m", _CALLER)


async def test_a_server_that_does_not_answer_is_given_up(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BackendTimeout, match=r"within 0\.05 s"):
        await (await serve(handler, answer_seconds=0.05)).fetch("m", _CALLER)


async def test_a_server_that_is_not_there_is_unavailable(serve: Serve, unused_tcp_port: int) -> None:
    async with RemoteTokenizers(f"http://127.0.0.1:{unused_tcp_port}") as remote:
        with pytest.raises(BackendUnavailable, match="can not be asked"):
            await remote.fetch("m", _CALLER)
    with pytest.raises(BackendUnavailable, match="closed"):
        await remote.fetch("m", _CALLER)
