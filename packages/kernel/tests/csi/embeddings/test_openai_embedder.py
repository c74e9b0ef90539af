"""Vectors from an endpoint, over real HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import numpy as np
import pytest

from doubles.openai_stub import Choose, Hang, OpenAiStub, Reply, Whole, failure
from pharia_kernel.csi.embeddings import EmbeddingOptions, OpenAiEmbedder
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    InvalidCsiRequest,
    ModelNotFound,
)


def _answer(*vectors: tuple[int, list[float]]) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in vectors]
    return msgspec.json.encode({"object": "list", "data": data, "model": "m", "usage": {}})


def _by_length(body: Any) -> Reply:
    """A vector that says how long each text is, in another order than that of the texts."""
    vectors = [(at, [float(len(text)), 1.0]) for at, text in enumerate(body["input"])]
    return Whole(_answer(*vectors[::-1]))


def embedder(stub: OpenAiStub, **options: Any) -> OpenAiEmbedder:
    given = {"url": stub.url, "model": "m", "token": "sk-secret", **options}
    return OpenAiEmbedder(EmbeddingOptions(**given), trace_headers=lambda: {"traceparent": "00-1"})


async def test_texts_are_sent_in_batches_and_answered_in_order() -> None:
    texts = ["x" * size for size in range(1, 8)]
    async with OpenAiStub(Choose(_by_length)) as stub, embedder(stub, batch=3) as ours:
        vectors = await ours.embed(texts)
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx(np.arange(1, 8))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(7))
    assert sorted(len(one.body["input"]) for one in stub.received) == [1, 3, 3]
    for one in stub.received:
        assert (one.path, one.body["model"], one.body["encoding_format"]) == ("/embeddings", "m", "float")
        assert (one.headers["Authorization"], one.headers["traceparent"]) == ("Bearer sk-secret", "00-1")


async def test_no_text_asks_nobody() -> None:
    async with OpenAiStub() as stub, embedder(stub) as ours:
        assert (await ours.embed([])).shape[0] == 0
    assert stub.received == []


async def test_no_more_requests_are_open_than_wanted() -> None:
    async with OpenAiStub(Choose(_by_length)) as stub, embedder(stub, batch=1, concurrent=2) as ours:
        await ours.embed(["x"] * 10)
    assert stub.most_open == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"<html>",
        b'{"data": [{"index": 0, "embedding": ["x", 1]}, {"index": 1, "embedding": [1, 1]}]}',
        _answer((0, [1.0])),
        _answer((0, [1.0]), (0, [1.0])),
        _answer((0, [1.0]), (1, [1.0]), (2, [1.0])),
        _answer((0, [1.0]), (1, [1.0, 2.0])),
        _answer((0, []), (1, [])),
        b'{"data": [{"index": 0, "embedding": [1e39]}, {"index": 1, "embedding": [1]}]}',
    ],
)
async def test_what_are_no_vectors_is_refused(answer: bytes) -> None:
    async with OpenAiStub(Whole(answer)) as stub, embedder(stub) as ours:
        with pytest.raises(BackendAnswerInvalid, match="embedded texts with model 'm' as"):
            await ours.embed(["a", "b"])


async def test_batches_of_different_length_are_refused() -> None:
    replies = Whole(_answer((0, [1.0]))), Whole(_answer((0, [1.0, 2.0])))
    async with OpenAiStub(*replies) as stub, embedder(stub, batch=1, concurrent=1) as ours:
        with pytest.raises(BackendAnswerInvalid, match="different lengths"):
            await ours.embed(["a", "b"])


@pytest.mark.parametrize(
    ("status", "error"), [(401, BackendUnauthorized), (404, ModelNotFound), (400, InvalidCsiRequest)]
)
async def test_refusals_are_told_apart_and_do_not_show_the_token(status: int, error: type[Exception]) -> None:
    async with OpenAiStub(Whole(failure("no, sk-secret"), status=status)) as stub, embedder(stub) as ours:
        with pytest.raises(error, match=str(status)) as caught:
            await ours.embed(["a"])
    assert "sk-secret" not in str(caught.value) + repr(EmbeddingOptions(stub.url, "m", "sk-secret"))


async def test_a_busy_endpoint_is_asked_again() -> None:
    busy = Whole(failure("busy"), status=503, headers={"Retry-After": "0"})
    async with OpenAiStub(busy, Choose(_by_length)) as stub, embedder(stub) as ours:
        assert (await ours.embed(["a"])).shape == (1, 2)
    assert len(stub.received) == 2


async def test_an_endpoint_that_does_not_answer_is_given_up() -> None:
    async with OpenAiStub(Hang()) as stub, embedder(stub, answer_seconds=0.05) as ours:
        with pytest.raises(BackendTimeout, match=r"/embeddings within 0\.05 s"):
            await ours.embed(["a"])


async def test_cancelling_reaches_the_endpoint() -> None:
    async with OpenAiStub(Hang()) as stub, embedder(stub, batch=1) as ours:
        task = asyncio.create_task(ours.embed(["a", "b"]))
        await stub.until(lambda stub: stub.open == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stub.until(lambda stub: stub.open == 0)


async def test_a_closed_embedder_says_so() -> None:
    async with OpenAiStub() as stub:
        ours = embedder(stub)
        with pytest.raises(BackendUnavailable, match="closed"):
            await ours.embed(["a"])
