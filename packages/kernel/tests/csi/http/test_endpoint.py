"""Refusals, retries, deadlines, limits and cancellation against a real HTTP server."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import aclosing
from typing import Any

import pytest

from doubles.endpoint import TOKEN, Endpoint
from doubles.openai_stub import Events, Hang, OpenAiStub, Whole, chat_answer, chat_chunks, delta, failure
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions, RetryPolicy
from pharia_kernel.csi.types import ChatRequest, CompleteRequest, ExplainRequest, TextPart, Turn
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CsiError,
    InvalidCsiRequest,
    ModelNotFound,
    UnsupportedOperation,
)
from pharia_kernel.types import Caller

_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_COMPLETE = CompleteRequest("m", "Once")
_CALLER = Caller()
_AT_ONCE = RetryPolicy(retries=0)
_OK = Whole(chat_answer("Hello"))


def _refused(status: int, message: str = "no", code: str | None = None, **headers: str) -> Whole:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Whole(failure(message, code), status=status, headers=named)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "invalid_api_key", BackendUnauthorized),
        (401, None, BackendUnauthorized),
        (403, None, BackendUnauthorized),
        (404, "model_not_found", ModelNotFound),
        (400, "model_not_found", ModelNotFound),
        (404, None, ModelNotFound),
        (400, None, InvalidCsiRequest),
        (422, None, InvalidCsiRequest),
        (405, None, UnsupportedOperation),
        (408, None, BackendTimeout),
        (429, None, BackendRateLimited),
        (500, None, BackendFailed),
        (501, None, UnsupportedOperation),
        (502, None, BackendUnavailable),
        (503, None, BackendUnavailable),
        (504, None, BackendTimeout),
        (307, None, BackendFailed),
        (201, None, BackendFailed),
    ],
)
async def test_a_refusal_is_classified(
    endpoint: Endpoint, status: int, code: str | None, error: type[CsiError]
) -> None:
    backend = await endpoint.backend(_refused(status, "because", code), retry=_AT_ONCE)
    with pytest.raises(error, match=str(status)):
        await backend.chat(_CHAT, _CALLER)
    with pytest.raises(error, match=str(status)):
        await anext(backend.chat_stream(_CHAT, _CALLER))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": 7}', b'{"error":{"code":[1]}}', b"\xff", b'"x"', b"[" * 9999]
)
async def test_a_refusal_may_have_any_body(endpoint: Endpoint, body: bytes) -> None:
    backend = await endpoint.backend(Whole(body, status=500))
    with pytest.raises(BackendFailed, match="answered 500"):
        await backend.chat(_CHAT, _CALLER)


async def test_a_backend_without_completions_says_so(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole({"detail": "Not Found"}, status=404))
    with pytest.raises(UnsupportedOperation, match="no completions"):
        await backend.complete(_COMPLETE, _CALLER)
    with pytest.raises(ModelNotFound):
        await backend.chat(_CHAT, _CALLER)


async def test_nothing_explains(endpoint: Endpoint) -> None:
    with pytest.raises(UnsupportedOperation):
        await (await endpoint.backend()).explain(ExplainRequest("a", "b", "m"), _CALLER)


async def test_the_token_is_in_no_error_and_no_log_record(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    backend = await endpoint.backend(
        _refused(503, f"{TOKEN} is busy"), Whole(failure(f"Incorrect API key: {TOKEN}"), status=401)
    )
    with pytest.raises(BackendUnauthorized) as raised:
        await backend.chat(_CHAT, _CALLER)
    assert "Incorrect API key: ***" in str(raised.value)
    shown = caplog.text + repr(raised.value) + repr(raised.value.__cause__) + repr(backend._options)
    assert TOKEN not in shown
    assert "trying again" in caplog.text


async def test_long_refusals_are_cut(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(_refused(400, "x" * 5_000_000))
    with pytest.raises(InvalidCsiRequest) as raised:
        await backend.chat(_CHAT, _CALLER)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_a_busy_backend_is_asked_again(endpoint: Endpoint, status: int) -> None:
    backend = await endpoint.backend(_refused(status), _refused(status), _OK)
    assert (await backend.chat(_CHAT, _CALLER)).content == "Hello"
    assert len(endpoint.stub.received) == 3


async def test_a_busy_backend_is_asked_again_for_a_stream(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(_refused(503), Events(chat_chunks("a")))
    assert len([part async for part in backend.chat_stream(_CHAT, _CALLER)]) == 4


async def test_attempts_are_bounded(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(_refused(503), retry=RetryPolicy(retries=2))
    with pytest.raises(BackendUnavailable):
        await backend.chat(_CHAT, _CALLER)
    assert len(endpoint.stub.received) == 3


@pytest.mark.parametrize(
    "reply", [_refused(500), _refused(400), _refused(429, code="insufficient_quota"), _refused(429, Retry_After="60")]
)
async def test_what_another_attempt_does_not_change_is_final(endpoint: Endpoint, reply: Whole) -> None:
    backend = await endpoint.backend(reply, _OK)
    with pytest.raises(CsiError):
        await backend.chat(_CHAT, _CALLER)
    assert len(endpoint.stub.received) == 1


async def test_a_pause_that_does_not_fit_into_the_deadline_is_not_made(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(_refused(429, Retry_After="15"), _OK, answer_seconds=10)
    with pytest.raises(BackendRateLimited) as raised:
        await backend.chat(_CHAT, _CALLER)
    assert raised.value.retry_after == 15


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0.2", 1), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("soon", None), ("-5", 0), ("nan", None)],
)
async def test_the_backends_wish_reaches_the_caller(endpoint: Endpoint, header: str, seconds: int | None) -> None:
    backend = await endpoint.backend(_refused(429, Retry_After=header), retry=_AT_ONCE)
    with pytest.raises(BackendRateLimited) as raised:
        await backend.chat(_CHAT, _CALLER)
    assert raised.value.retry_after == seconds


async def test_a_stream_that_began_is_never_asked_for_again(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events([delta(content="a")], then="close"), Events(chat_chunks("b")))
    stream = backend.chat_stream(_CHAT, _CALLER)
    await anext(stream)
    await anext(stream)
    with pytest.raises(BackendFailed):
        await anext(stream)
    assert len(endpoint.stub.received) == 1


async def test_nobody_at_the_address_is_unavailable() -> None:
    async with OpenAiStub() as stub:
        url = stub.url
    async with OpenAiBackend(OpenAiOptions(url, retry=RetryPolicy(first_seconds=0.0))) as backend:
        with pytest.raises(BackendUnavailable, match="can not be reached"):
            await backend.chat(_CHAT, _CALLER)


async def test_a_server_of_another_protocol_is_the_backends_fault() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, OpenAiBackend(OpenAiOptions(url)) as backend:
        with pytest.raises(BackendAnswerInvalid, match="not HTTP"):
            await backend.chat(_CHAT, _CALLER)


async def test_a_backend_that_hangs_is_given_up(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Hang(), answer_seconds=0.05)
    with pytest.raises(BackendTimeout, match=r"0\.05 s"):
        await backend.chat(_CHAT, _CALLER)
    with pytest.raises(BackendTimeout, match=r"0\.05 s"):
        await anext(backend.chat_stream(_CHAT, _CALLER))
    await endpoint.stub.until(lambda stub: stub.open == 0)


async def test_a_stream_that_stops_is_given_up(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events([delta(content="a")], then="hang"), idle_seconds=0.05)
    stream = backend.chat_stream(_CHAT, _CALLER)
    await anext(stream)
    await anext(stream)
    with pytest.raises(BackendTimeout, match=r"nothing for 0\.05 s"):
        await anext(stream)
    await endpoint.stub.until(lambda stub: stub.open == 0)


async def test_answers_are_bounded(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole(chat_answer("x" * 100_000)), answer_bytes=50_000)
    with pytest.raises(BackendAnswerInvalid, match="50,000 bytes"):
        await backend.chat(_CHAT, _CALLER)


async def test_streams_are_bounded(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events(chat_chunks(*["x" * 1000] * 100)), answer_bytes=50_000)
    with pytest.raises(BackendAnswerInvalid, match="50,000 bytes"):
        [part async for part in backend.chat_stream(_CHAT, _CALLER)]


async def test_events_are_bounded(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events(chat_chunks("x" * 100_000)), event_bytes=1000)
    with pytest.raises(BackendAnswerInvalid, match="too large"):
        [part async for part in backend.chat_stream(_CHAT, _CALLER)]


async def test_cancelling_a_request_closes_its_connection(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Hang())
    task = asyncio.create_task(backend.chat(_CHAT, _CALLER))
    await endpoint.stub.until(lambda stub: stub.open == 1)
    task.cancel()
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert endpoint.stub.disconnects == 1
    await asyncio.wait([task])
    assert task.cancelled()


async def test_closing_a_stream_closes_its_connection(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events([delta(content="a")], then="hang"))
    async with aclosing(backend.chat_stream(_CHAT, _CALLER)) as stream:
        await anext(stream)
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert endpoint.stub.disconnects == 1


async def test_cancelling_who_waits_for_a_stream_closes_its_connection(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Hang())

    async def read() -> None:
        async for _ in backend.chat_stream(_CHAT, _CALLER):
            pass

    task = asyncio.create_task(read())
    await endpoint.stub.until(lambda stub: stub.open == 1)
    task.cancel()
    await endpoint.stub.until(lambda stub: stub.open == 0)
    await asyncio.wait([task])


async def test_connections_are_used_again(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(_OK, Events(chat_chunks("a")))
    for _ in range(3):
        await backend.chat_stream(_CHAT, _CALLER).aclose()
    await backend.chat(_CHAT, _CALLER)
    for _ in range(3):
        [part async for part in backend.chat_stream(_CHAT, _CALLER)]
    assert endpoint.stub.connections == 1


async def test_a_thousand_requests_are_in_flight_at_the_same_time(endpoint: Endpoint) -> None:
    gate = asyncio.Event()
    backend = await endpoint.backend(Whole(chat_answer("Hello"), until=gate))
    tasks = [asyncio.create_task(backend.chat(_CHAT, _CALLER)) for _ in range(1000)]
    await endpoint.stub.until(lambda stub: stub.open == 1000)
    gate.set()
    answers = await asyncio.gather(*tasks)
    assert {answer.content for answer in answers} == {"Hello"}


async def test_failures_leave_nothing_behind(endpoint: Endpoint) -> None:
    rounds, at_once = 500, 20
    replies: list[Any] = [
        Events([delta(content="leave")], then="hang"),
        Events([delta(content="a")], then="reset"),
        Events([delta(content="a")], then="close"),
        Events([b"data: x\n\n"]),
        _refused(500),
    ]
    backend = await endpoint.backend(*(replies * (rounds // len(replies))), _OK)
    before = len(asyncio.all_tasks())
    outcomes: Counter[str] = Counter()

    async def fail() -> None:
        try:
            async with aclosing(backend.chat_stream(_CHAT, _CALLER)) as stream:
                async for part in stream:
                    if part == TextPart("leave"):
                        outcomes["left"] += 1
                        return
        except CsiError as error:
            outcomes[error.code] += 1

    for _ in range(rounds // at_once):
        await asyncio.gather(*(fail() for _ in range(at_once)))
    await endpoint.stub.until(lambda stub: stub.open == 0)
    assert outcomes == {"left": 100, "backend-failed": 300, "backend-answer-invalid": 100}
    assert (await backend.chat(_CHAT, _CALLER)).content == "Hello"
    assert endpoint.stub.connected <= at_once
    assert len(asyncio.all_tasks()) <= before + endpoint.stub.connected
