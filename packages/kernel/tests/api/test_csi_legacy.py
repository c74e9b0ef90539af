"""``POST /csi`` as SDKs up to 0.7 use it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from doubles.scripted_csi import HANG
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import ModelNotFound, Saturated

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = {"namespace": "team", "collection": "handbook", "name": "rules"}
INDEX = {"namespace": "team", "collection": "handbook", "index": "asym"}
DOC = csi.DocPath(**PATH)
COMPLETION = {"prompt": "p", "model": "m", "params": {"max_tokens": 16, "temperature": None, "top_k": None, "stop": []}}
CHAT = {
    "model": "m",
    "messages": [{"role": "User", "content": "Hi"}, {"role": "assistant", "content": "?"}],
    "params": {"max_tokens": 1},
}
CHUNK = {"text": "a b", "params": {"model": "m", "max_tokens": 1}}
LANGUAGE = {"text": "Apfel", "languages": ["eng", "deu"]}
SEARCH = {"query": "q", "index_path": INDEX, "max_results": 1}
HIT = {"document_path": PATH, "content": "text", "score": 0.5}
ZERO = {"item": 0, "position": 0}
DOCUMENT = {"path": PATH, "contents": [{"modality": "text", "text": "x"}], "metadata": None}
ANSWERS: dict[str, Any] = {
    "complete": csi.CompleteAnswer(" a time", "length", usage=csi.Usage(2, 1)),
    "chat": csi.ChatAnswer("Hi", "stop", usage=csi.Usage(2, 1)),
    "explain": [csi.Score(0, 2, 0.5)],
    "chunk": [csi.Chunk("a", 0, 0), csi.Chunk("b", 2, 2)],
    "select_language": "deu",
    "search": [csi.Hit(DOC, "text", 0.5)],
    "documents": csi.Document(DOC, ("x",)),
    "document_metadata": {"a": 1},
}
USAGE = {"prompt": 2, "completion": 1}
MESSAGE = {"role": "assistant", "content": "Hi"}
CHUNKS = [
    {"text": "a", "byte_offset": 0, "character_offset": 0},
    {"text": "b", "byte_offset": 2, "character_offset": 2},
]
SINGLE = [
    ("complete", COMPLETION, {"text": " a time", "finish_reason": "length"}),
    ("complete_all", {"requests": [COMPLETION]}, [{"text": " a time", "finish_reason": "length"}]),
    ("chat", CHAT, {"message": MESSAGE, "finish_reason": "stop"}),
    ("chunk", CHUNK, ["a", "b"]),
    ("select_language", LANGUAGE, "deu"),
    ("search", {**SEARCH, "min_score": 0.1}, [HIT]),
    ("documents", {"requests": [PATH]}, [DOCUMENT]),
    ("document_metadata", {"document_path": PATH}, {"a": 1}),
]
LISTS = [
    ("complete", COMPLETION, {"text": " a time", "finish_reason": "length", "logprobs": [], "usage": USAGE}),
    ("chat", CHAT, {"message": MESSAGE, "finish_reason": "stop", "logprobs": [], "usage": USAGE}),
    (
        "explain",
        {"prompt": "p", "target": "t", "model": "m", "granularity": "auto"},
        [{"start": 0, "length": 2, "score": 0.5}],
    ),
    ("chunk", {**CHUNK, "params": {"model": "m", "max_tokens": 1, "overlap": 0}}, ["a", "b"]),
    ("chunk_with_offsets", {**CHUNK, "character_offsets": True}, CHUNKS),
    ("select_language", LANGUAGE, "deu"),
    (
        "search",
        {**SEARCH, "filters": [{"with": [{"metadata": {"field": "a", "is_null": True}}]}]},
        [{**HIT, "start": ZERO, "end": ZERO}],
    ),
    ("documents", PATH, DOCUMENT),
    ("document_metadata", PATH, {"a": 1}),
]


def answer_everything(kernel: Any) -> None:
    kernel.asking.script.update({operation: [answer] for operation, answer in ANSWERS.items()})


@pytest.mark.parametrize(("function", "arguments", "answer"), SINGLE, ids=[row[0] for row in SINGLE])
async def test_functions_of_0_2(
    kernel: Any, client: httpx.AsyncClient, function: str, arguments: dict[str, Any], answer: Any
) -> None:
    answer_everything(kernel)
    response = await client.post("/csi", json={"version": "0.2", "function": function, **arguments})
    assert (response.status_code, response.json()) == (200, answer)


@pytest.mark.parametrize(("function", "request_", "answer"), LISTS, ids=[row[0] for row in LISTS])
async def test_functions_of_0_3(
    kernel: Any, client: httpx.AsyncClient, function: str, request_: dict[str, Any], answer: Any
) -> None:
    answer_everything(kernel)
    response = await client.post("/csi", json={"version": "0.3", "function": function, "requests": [request_]})
    assert (response.status_code, response.json()) == (200, [answer])


@pytest.mark.parametrize("logprobs", ["no", {"top": 10}])
async def test_0_3_asks_for_log_probabilities(kernel: Any, client: httpx.AsyncClient, logprobs: Any) -> None:
    answer_everything(kernel)
    params = {"return_special_tokens": True, "stop": ["x"], "logprobs": logprobs, "presence_penalty": 0.5}
    body = {"version": "0.3", "function": "complete", "requests": [{**COMPLETION, "params": params}]}
    assert (await client.post("/csi", json=body)).status_code == 200
    (request,) = kernel.asking.asked[0][1]
    assert request.logprobs == ("no" if logprobs == "no" else csi.TopLogprobs(10))
    assert request.special_tokens is True


async def test_conversations_may_have_earlier_answers(kernel: Any, client: httpx.AsyncClient) -> None:
    answer_everything(kernel)
    await client.post("/csi", json={"version": "0.2", "function": "chat", **CHAT})
    assert kernel.asking.asked[0][1][0].turns == (csi.Turn("user", "Hi"), csi.Turn("assistant", "?"))


async def refused(client: httpx.AsyncClient, body: Any) -> tuple[int, str]:
    response = await client.post("/csi", json=body)
    assert response.headers["content-type"] == "application/json"
    message = response.json()
    assert isinstance(message, str)
    return response.status_code, message


@pytest.mark.parametrize("function", ["foo", None])
async def test_unknown_functions(client: httpx.AsyncClient, function: str | None) -> None:
    assert await refused(client, {"version": "0.2", "function": function}) == (
        400,
        f"The CSI function {function or 'specified'} is not supported by this Kernel installation yet. "
        "Try updating your Kernel version or downgrading your SDK.",
    )


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (["0.1", "0.4", "0.5", "0.3.0", "0", "=0.2", "^0.3", " 0.5.9 "], "no longer supported by the Kernel"),
        (
            ["4294967295", "0.4294967295", "0.9.0", "1.0.0", ">=0.6", "1.*"],
            "is not supported by this Kernel installation yet",
        ),
        ([None, "invalid", "", "*", ">=0.2, <0.4", "0.2.", "-1", "٣"], "A valid CSI version is required"),
    ],
)
async def test_other_versions(client: httpx.AsyncClient, versions: list[str | None], words: str) -> None:
    for version in versions:
        status, message = await refused(client, {"version": version, "function": "complete"})
        assert (version, status, words in message) == (version, 400, True)


async def test_no_version(client: httpx.AsyncClient) -> None:
    assert await refused(client, {}) == (400, "A valid CSI version is required. Try upgrading your SDK.")


@pytest.mark.parametrize(
    "body",
    [[], 1, {"version": 3}, {"version": "0.2", "function": "complete"}, {"version": "0.3", "function": "complete"}],
)
async def test_another_shape_is_said_to_be_one(client: httpx.AsyncClient, body: Any) -> None:
    status, message = await refused(client, body)
    assert status == 422
    assert message.startswith("Failed to deserialize the JSON body into the target type: ")


async def test_a_failure_is_a_json_string(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete"] = ModelNotFound("there is no model m")
    assert await refused(client, {"version": "0.2", "function": "complete", **COMPLETION}) == (
        404,
        "there is no model m",
    )


async def test_a_busy_kernel_says_when_to_come_back(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete"] = Saturated("the kernel is busy")
    response = await client.post("/csi", json={"version": "0.2", "function": "complete", **COMPLETION})
    assert (response.status_code, response.json(), response.headers["retry-after"]) == (503, "the kernel is busy", "1")


async def test_bodies_have_the_rules_of_all_routes(client: httpx.AsyncClient) -> None:
    json = {"content-type": "application/json"}
    for content, headers, status in ((b"{}", {}, 415), (b"{", json, 400), (b" " * 1001, json, 413)):
        response = await client.post("/csi", content=content, headers=headers)
        assert (response.status_code, type(response.json())) == (status, str)


async def test_a_caller_who_leaves_cancels_what_was_asked(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete"] = HANG
    call = asyncio.create_task(client.post("/csi", json={"version": "0.2", "function": "complete", **COMPLETION}))
    async with asyncio.timeout(10):
        await kernel.asking.begun.wait()
        call.cancel()
        await kernel.asking.cancelled.wait()
