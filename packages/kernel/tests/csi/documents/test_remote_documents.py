"""A document index of PhariaAI, over real HTTP (kernel.md 15.9, rows 177 to 181)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.documents.remote import RemoteDocuments, RemoteOptions
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.tools import Toolbox
from pharia_kernel.csi.types import (
    Condition,
    Cursor,
    DocPath,
    Document,
    Filter,
    Hit,
    Image,
    IndexPath,
    SearchRequest,
)
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    DocumentNotFound,
    InvalidCsiRequest,
)
from pharia_kernel.types import Caller

_CALLER = Caller("caller-secret")
_INDEX = IndexPath("Kernel", "test", "asym-64")
_PATH = DocPath("Kernel", "test", "docs/ö")
_QUERY = SearchRequest(_INDEX, "what is new?", 3)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[..., Awaitable[RemoteDocuments]]


def _result(**changes: Any) -> dict[str, Any]:
    return {
        "document_path": {"namespace": "Kernel", "collection": "test", "name": "docs"},
        "section": [{"modality": "text", "text": "found"}],
        "score": 0.5,
        "start": {"modality": "text", "item": 1, "position": 2},
        "end": {"modality": "text", "item": 1, "position": 6},
        **changes,
    }


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def serve(handler: Handler, *, retries: int = 0, **options: Any) -> RemoteDocuments:
            runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            remote = RemoteDocuments(
                RemoteOptions(url, retry=RetryPolicy(retries), **options),
                trace_headers=lambda: {"traceparent": "00-1"},
                uniform=lambda low, high: low,
            )
            return await stack.enter_async_context(remote)

        yield serve


def _answering(body: Any, status: int = 200) -> Handler:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode())

    return handler


async def test_a_search_is_asked_with_the_token_of_the_caller(serve: Serve) -> None:
    asked: list[tuple[str, str, dict[str, str], Any]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        asked.append((request.method, request.raw_path, dict(request.headers), json.loads(await request.read())))
        return web.json_response([_result()])

    hits = await (await serve(handler)).search(_QUERY, _CALLER)
    assert hits == [Hit(DocPath("Kernel", "test", "docs"), "found", 0.5, Cursor(1, 2), Cursor(1, 6))]
    ((method, path, headers, body),) = asked
    assert (method, path) == ("POST", "/collections/Kernel/test/indexes/asym-64/search")
    assert (headers["Authorization"], headers["traceparent"]) == ("Bearer caller-secret", "00-1")
    assert headers["Content-Type"] == "application/json"
    assert body == {
        "query": [{"modality": "text", "text": "what is new?"}],
        "max_results": 3,
        "min_score": None,
        "filters": [{"with": [{"modality": "text"}]}],
    }


async def test_filters_go_before_the_one_for_texts(serve: Serve) -> None:
    bodies: list[Any] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        bodies.append(json.loads(await request.read()))
        return web.json_response([])

    filters = (
        Filter("with-all", (Condition("created", "at-or-after", "2024-01-01T00:00:00Z"),)),
        Filter("with-one-of", (Condition("n", "less-than-or-equal-to", 2.5), Condition("m", "is-null"))),
        Filter("without", (Condition("done", "equal-to", True),)),
    )
    remote = await serve(handler)
    assert await remote.search(SearchRequest(_INDEX, "q", 1, 0.9, filters), _CALLER) == []
    assert bodies[0]["min_score"] == 0.9
    assert bodies[0]["filters"] == [
        {"with": [{"metadata": {"field": "created", "at_or_after": "2024-01-01T00:00:00Z"}}]},
        {
            "with_one_of": [
                {"metadata": {"field": "n", "less_than_or_equal_to": 2.5}},
                {"metadata": {"field": "m", "is_null": True}},
            ]
        },
        {"without": [{"metadata": {"field": "done", "equal_to": True}}]},
        {"with": [{"modality": "text"}]},
    ]


async def test_a_document_and_its_metadata_are_read_by_its_encoded_name(serve: Serve) -> None:
    paths: list[str] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        paths.append(f"{request.method} {request.raw_path}")
        contents = [{"modality": "text", "text": "a"}, {"modality": "image", "bytes": "eA=="}]
        return web.json_response({"schema_version": "V1", "contents": contents, "metadata": {"url": "u"}})

    remote = await serve(handler)
    assert await remote.document(_PATH, _CALLER) == Document(_PATH, ("a", Image()), {"url": "u"})
    assert await remote.document_metadata(_PATH, _CALLER) == {"url": "u"}
    assert paths == ["GET /collections/Kernel/test/docs/docs%2F%C3%B6"] * 2


async def test_a_document_without_metadata_has_none(serve: Serve) -> None:
    assert await (await serve(_answering({"contents": []}))).document_metadata(_PATH, _CALLER) is None


async def test_without_token_nothing_is_asked(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        raise AssertionError

    remote = await serve(handler)
    for call in (
        remote.search(_QUERY, Caller()),
        remote.document(_PATH, Caller()),
        remote.document_metadata(_PATH, Caller()),
    ):
        with pytest.raises(CallerUnauthorized, match="Authorization"):
            await call


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, CallerUnauthorized),
        (403, CallerUnauthorized),
        (404, DocumentNotFound),
        (408, BackendTimeout),
        (429, BackendRateLimited),
        (400, InvalidCsiRequest),
        (422, InvalidCsiRequest),
        (500, BackendFailed),
        (503, BackendUnavailable),
        (302, BackendFailed),
    ],
)
async def test_refusals_are_told_apart(serve: Serve, status: int, error: type[CsiError]) -> None:
    remote = await serve(_answering(b"caller-secret", status))
    with pytest.raises(error, match=f"answered {status} for a search in Kernel/test, index asym-64") as caught:
        await remote.search(_QUERY, _CALLER)
    assert "caller-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again(serve: Serve, status: int) -> None:
    statuses = [status, status, status, 200]

    async def handler(request: web.BaseRequest) -> web.Response:
        return web.json_response([], status=statuses.pop(0))

    assert await (await serve(handler, retries=3)).search(_QUERY, _CALLER) == []
    assert statuses == []


async def test_the_fourth_failure_is_the_last(serve: Serve) -> None:
    times = 0

    async def handler(request: web.BaseRequest) -> web.Response:
        nonlocal times
        times += 1
        return web.Response(status=503)

    with pytest.raises(BackendUnavailable):
        await (await serve(handler, retries=3)).search(_QUERY, _CALLER)
    assert times == 4


async def test_what_does_not_exist_is_not_asked_for_again(serve: Serve) -> None:
    statuses = [404]

    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(status=statuses.pop())

    with pytest.raises(DocumentNotFound):
        await (await serve(handler, retries=3)).document(_PATH, _CALLER)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"<html>",
        b"\xff",
        [_result(section=[])],
        [_result(section=[{"modality": "text", "text": "a"}] * 2)],
        [_result(section=[{"modality": "image"}])],
        [_result(start={"modality": "image"})],
        [_result(score="high")],
        [_result(start={"modality": "text", "item": "x"})],
    ],
)
async def test_what_can_not_be_expressed_is_a_failure(serve: Serve, answer: Any) -> None:
    with pytest.raises(BackendAnswerInvalid, match="something else"):
        await (await serve(_answering(answer))).search(_QUERY, _CALLER)


async def test_a_document_of_an_unknown_kind_is_a_failure(serve: Serve) -> None:
    remote = await serve(_answering({"contents": [{"modality": "smell"}]}))
    with pytest.raises(BackendAnswerInvalid, match="smell"):
        await remote.document(_PATH, _CALLER)


async def test_an_answer_that_is_too_large_is_not_read(serve: Serve) -> None:
    with pytest.raises(BackendAnswerInvalid, match="1,000 bytes"):
        await (await serve(_answering(b"x" * 1001), answer_bytes=1000)).search(_QUERY, _CALLER)


async def test_an_index_that_does_not_answer_is_given_up(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BackendTimeout, match=r"0\.05 s"):
        await (await serve(handler, attempt_seconds=0.05)).search(_QUERY, _CALLER)


async def test_cancelling_reaches_the_index(serve: Serve) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        arrived.set()
        while not request.transport.is_closing():  # noqa: ASYNC110 - a transport has no event
            await asyncio.sleep(0)
        gone.set()
        return web.Response()

    remote = await serve(handler)
    task = asyncio.create_task(remote.search(_QUERY, _CALLER))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(gone.wait(), 30)


async def test_an_index_that_is_not_there_is_unavailable(unused_tcp_port: int) -> None:
    options = RemoteOptions(f"http://127.0.0.1:{unused_tcp_port}", retry=RetryPolicy(0))
    async with RemoteDocuments(options) as remote:
        with pytest.raises(BackendUnavailable, match="can not be asked"):
            await remote.search(_QUERY, _CALLER)
    with pytest.raises(BackendUnavailable, match="closed"):
        await remote.search(_QUERY, _CALLER)


@pytest.mark.parametrize("name", ["", ".", "..", "\ud800"])
async def test_a_name_can_not_lead_elsewhere(serve: Serve, name: str) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        raise AssertionError

    with pytest.raises(InvalidCsiRequest):
        await (await serve(handler)).document(DocPath(name, "c", "d"), _CALLER)


async def test_requests_of_a_list_are_asked_at_the_same_time(serve: Serve) -> None:
    both = asyncio.Barrier(2)

    async def handler(request: web.BaseRequest) -> web.Response:
        await both.wait()
        text = json.loads(await request.read())["query"][0]["text"]
        return web.json_response([_result(section=[{"modality": "text", "text": text}])])

    drivers = Drivers(AbsentBackend(), Toolbox([]), documents=await serve(handler))
    csi = InvocationCsi(drivers, _CALLER, "dev")
    async with asyncio.timeout(30):
        found = await csi.search([SearchRequest(_INDEX, text, 1) for text in ("one", "two")])
    assert [[hit.text for hit in hits] for hits in found] == [["one"], ["two"]]
