"""Tokens, refusals, retries, faults and cancellation against a real HTTP server."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import aclosing
from typing import Any

import pytest

from doubles.aleph_alpha import CALLER, aleph_alpha, chunk, completed, completion_events, explained, refused
from doubles.endpoint import Endpoint
from doubles.openai_stub import Events, Hang, Whole, chat_answer
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaOptions
from pharia_kernel.csi.types import ChatRequest, CompleteRequest, ExplainRequest, TextPart, Turn
from pharia_kernel.errors import (
    BackendRateLimited,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    ModelNotFound,
)
from pharia_kernel.types import Caller

_COMPLETE = CompleteRequest("m", "Once")
_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_EXPLAIN = ExplainRequest("Once", "upon", "m")
_OK = Whole(completed("upon"))
_BUSY = Whole(refused("busy", "QUEUE_FULL"), status=503)
_AT_ONCE = RetryPolicy(retries=0)


async def test_every_operation_carries_the_token_of_its_caller(endpoint: Endpoint) -> None:
    replies = (_OK, Whole(chat_answer("a")), Whole(explained((0, 1, 0.5))), Events(completion_events("a")))
    backend = await aleph_alpha(endpoint, *replies, trace_headers=lambda: {"traceparent": "00-1-2-01"})
    await backend.complete(_COMPLETE, CALLER)
    await backend.chat(_CHAT, Caller("another"))
    await backend.explain(_EXPLAIN, CALLER)
    [part async for part in backend.complete_stream(_COMPLETE, CALLER)]
    sent = [request.headers["Authorization"].removeprefix("Bearer ") for request in endpoint.stub.received]
    assert sent == ["token-of-the-caller", "another", "token-of-the-caller", "token-of-the-caller"]
    assert {request.headers["traceparent"] for request in endpoint.stub.received} == {"00-1-2-01"}


@pytest.mark.parametrize("token", [None, "two\r\nlines"])
async def test_without_a_token_nothing_is_asked(endpoint: Endpoint, token: str | None) -> None:
    backend, caller = await aleph_alpha(endpoint), Caller(token)
    for ask in (
        lambda: backend.complete(_COMPLETE, caller),
        lambda: backend.chat(_CHAT, caller),
        lambda: backend.explain(_EXPLAIN, caller),
        lambda: anext(backend.complete_stream(_COMPLETE, caller)),
        lambda: anext(backend.chat_stream(_CHAT, caller)),
    ):
        with pytest.raises(CallerUnauthorized, match="send one with the call"):
            await ask()
    assert endpoint.stub.received == []


async def test_a_token_of_the_kernels_own_goes_before_that_of_the_caller(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, _OK, token="the-kernels")
    await backend.complete(_COMPLETE, CALLER)
    await backend.complete(_COMPLETE, Caller())
    assert {request.headers["Authorization"] for request in endpoint.stub.received} == {"Bearer the-kernels"}


async def test_tokens_are_in_no_error_and_no_log_record(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = str(CALLER.token)
    backend = await aleph_alpha(
        endpoint, Whole(refused(f"{secret} is busy"), status=503), Whole(refused(f"bad {secret}"), status=401)
    )
    with pytest.raises(CallerUnauthorized) as raised:
        await backend.complete(_COMPLETE, CALLER)
    assert "bad ***" in str(raised.value)
    assert "trying again" in caplog.text
    assert secret not in caplog.text + repr(raised.value) + repr(raised.value.__cause__)
    assert "hidden" not in repr(AlephAlphaOptions("http://127.0.0.1", "hidden"))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, None, CallerUnauthorized),
        (403, None, CallerUnauthorized),
        (404, "UNKNOWN_MODEL", ModelNotFound),
        (402, None, BackendRateLimited),
        (429, None, BackendRateLimited),
        (503, "QUEUE_FULL", BackendUnavailable),
        (503, None, BackendUnavailable),
        (504, None, BackendTimeout),
    ],
)
async def test_a_refusal_is_classified(
    endpoint: Endpoint, status: int, code: str | None, error: type[CsiError]
) -> None:
    backend = await aleph_alpha(endpoint, Whole(refused("because", code), status=status), retry=_AT_ONCE)
    for ask in (backend.complete(_COMPLETE, CALLER), backend.chat(_CHAT, CALLER), backend.explain(_EXPLAIN, CALLER)):
        with pytest.raises(error, match=rf"{status}.*because"):
            await ask
    with pytest.raises(error, match=str(status)):
        await anext(backend.complete_stream(_COMPLETE, CALLER))


async def test_the_refusal_of_the_kernels_own_token_is_the_operators_matter(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Whole(refused("no"), status=401), token="mine")
    with pytest.raises(BackendUnauthorized) as raised:
        await backend.complete(_COMPLETE, CALLER)
    assert raised.value.code == "backend-unauthorized"


async def test_a_busy_api_is_asked_again(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, _BUSY, Whole(refused("slow down"), status=429), _OK)
    assert (await backend.complete(_COMPLETE, CALLER)).text == "upon"
    assert len(endpoint.stub.received) == 3


async def test_a_busy_api_is_asked_again_for_streams_and_explanations(endpoint: Endpoint) -> None:
    replies = (_BUSY, Events(completion_events("a")), _BUSY, Whole(explained((0, 1, 0.5))))
    backend = await aleph_alpha(endpoint, *replies)
    assert len([part async for part in backend.complete_stream(_COMPLETE, CALLER)]) == 3
    assert len(await backend.explain(_EXPLAIN, CALLER)) == 1


@pytest.mark.parametrize("status", [400, 404, 500, 504])
async def test_other_refusals_are_final(endpoint: Endpoint, status: int) -> None:
    backend = await aleph_alpha(endpoint, Whole(refused("no"), status=status), _OK)
    with pytest.raises(CsiError):
        await backend.complete(_COMPLETE, CALLER)
    assert len(endpoint.stub.received) == 1


async def test_an_api_that_hangs_is_given_up(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Hang(), answer_seconds=0.05)
    with pytest.raises(BackendTimeout, match=r"/explain within 0\.05 s"):
        await backend.explain(_EXPLAIN, CALLER)
    await endpoint.stub.until(lambda stub: stub.open == 0)


async def test_cancelling_a_request_closes_its_connection(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Hang())
    tasks = [
        asyncio.create_task(backend.complete(_COMPLETE, CALLER)),
        asyncio.create_task(backend.explain(_EXPLAIN, CALLER)),
    ]
    await endpoint.stub.until(lambda stub: stub.open == 2)
    for task in tasks:
        task.cancel()
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert endpoint.stub.disconnects == 2
    await asyncio.wait(tasks)


async def test_closing_a_stream_closes_its_connection(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Events([chunk("a")], then="hang"))
    async with aclosing(backend.complete_stream(_COMPLETE, CALLER)) as stream:
        await anext(stream)
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert endpoint.stub.disconnects == 1


async def test_failures_leave_nothing_behind(endpoint: Endpoint) -> None:
    rounds, at_once = 200, 20
    replies: list[Any] = [
        Events([chunk("leave")], then="hang"),
        Events([chunk("a")], then="reset"),
        Events([chunk("a")], then="close"),
        Events([b"data: x\n\n"]),
        Whole(refused("no"), status=500),
    ]
    backend = await aleph_alpha(endpoint, *(replies * (rounds // len(replies))), _OK)
    before = len(asyncio.all_tasks())
    outcomes: Counter[str] = Counter()

    async def fail() -> None:
        try:
            async with aclosing(backend.complete_stream(_COMPLETE, CALLER)) as stream:
                async for part in stream:
                    if part == TextPart("leave"):
                        outcomes["left"] += 1
                        return
        except CsiError as error:
            outcomes[error.code] += 1

    for _ in range(rounds // at_once):
        await asyncio.gather(*(fail() for _ in range(at_once)))
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert outcomes == {"left": 40, "backend-failed": 120, "backend-answer-invalid": 40}
    assert (await backend.complete(_COMPLETE, CALLER)).text == "upon"
    assert endpoint.stub.connected <= at_once
    assert len(asyncio.all_tasks()) <= before + endpoint.stub.connected
