"""The functions of the first and second version: bodies in, requests of the kernel, answers out."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from doubles.scripted_csi import HANG
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import ModelNotFound, NotConfigured
from pharia_kernel.types import Caller

pytestmark = pytest.mark.asyncio(loop_scope="module")

VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])
PATH = {"namespace": "team", "collection": "handbook", "name": "rules"}
INDEX = {"namespace": "team", "collection": "handbook", "index": "asym"}
COMPLETION = {
    "model": "m",
    "prompt": "p",
    "params": {"return_special_tokens": True, "stop": ["\n"], "logprobs": {"top": 3}, "max_tokens": 5, "top_k": 2},
}


async def ask(client: httpx.AsyncClient, function: str, body: Any) -> Any:
    response = await client.post(f"/csi/{function}", json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def problem(response: httpx.Response) -> tuple[int, str, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"], response.json()["detail"]


@VERSIONS
async def test_completions(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    token = csi.TokenLogprob(csi.Logprob(b"\xf0", -0.5), (csi.Logprob(b"a", float("nan")),))
    kernel.asking.script["complete"] = [csi.CompleteAnswer("Hi", "content-filter", (token,), csi.Usage(3, 2))]
    assert await ask(client, f"{version}/complete", [COMPLETION]) == [
        {
            "text": "Hi",
            "finish_reason": "content_filter",
            "logprobs": [{"sampled": {"token": [240], "logprob": -0.5}, "top": [{"token": [97], "logprob": None}]}],
            "usage": {"prompt": 3, "completion": 2},
        }
    ]
    (request,) = kernel.asking.asked[0][1]
    assert request == csi.CompleteRequest(
        "m", "p", max_tokens=5, top_k=2, stop=("\n",), special_tokens=True, logprobs=csi.TopLogprobs(3)
    )


@pytest.mark.parametrize(("given", "reached"), [({}, False), ({"echo": True}, True), ({"echo": False}, False)])
async def test_echo_is_off_unless_asked_for(
    kernel: Any, client: httpx.AsyncClient, given: dict[str, bool], reached: bool
) -> None:
    kernel.asking.script["complete"] = [csi.CompleteAnswer("Hi", "stop")]
    await ask(client, "v1/complete", [{**COMPLETION, "params": {**COMPLETION["params"], **given}}])  # type: ignore[dict-item]
    assert kernel.asking.asked[0][1][0].echo is reached


async def test_answers_keep_the_order_of_requests(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete"] = [csi.CompleteAnswer(text, "stop") for text in "ab"]
    answers = await ask(client, "v1/complete", [{**COMPLETION, "model": "1"}, {**COMPLETION, "model": "2"}])
    assert [answer["text"] for answer in answers] == ["a", "b"]
    assert [request.model for request in kernel.asking.asked[0][1]] == ["1", "2"]


@VERSIONS
async def test_explanations(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    kernel.asking.script["explain"] = [[csi.Score(0, 2, 0.5)]]
    body = [{"prompt": "p", "target": "t", "model": "m", "granularity": "word"}]
    assert await ask(client, f"{version}/explain", body) == [[{"start": 0, "length": 2, "score": 0.5}]]
    assert kernel.asking.asked == [("explain", [csi.ExplainRequest("p", "t", "m", "word")])]


@VERSIONS
async def test_chunks(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    kernel.asking.script["chunk"] = [[csi.Chunk("ä", 0, 0), csi.Chunk("b", 3, 2)]]
    body = {"text": "ä b", "params": {"model": "m", "max_tokens": 1, "overlap": 0}}
    assert await ask(client, f"{version}/chunk", [body]) == [["ä", "b"]]
    assert await ask(client, f"{version}/chunk_with_offsets", [{**body, "character_offsets": True}]) == [
        [
            {"text": "ä", "byte_offset": 0, "character_offset": 0},
            {"text": "b", "byte_offset": 3, "character_offset": 2},
        ]
    ]
    kernel.asking.script["chunk"] = [[csi.Chunk("ä")]]
    offsets = await ask(client, f"{version}/chunk_with_offsets", [{**body, "character_offsets": False}])
    assert offsets == [[{"text": "ä", "byte_offset": 0, "character_offset": None}]]
    plain, asked, not_asked = (requests for _, requests in kernel.asking.asked)
    assert plain == not_asked == [csi.ChunkRequest("ä b", "m", 1)]
    assert asked == [csi.ChunkRequest("ä b", "m", 1, char_offsets=True)]


@VERSIONS
async def test_languages(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    kernel.asking.script["select_language"] = ["deu", None]
    body = [{"text": "Apfel", "languages": ["eng", "deu"]}, {"text": "", "languages": []}]
    assert await ask(client, f"{version}/select_language", body) == ["deu", None]
    assert kernel.asking.asked[0][1][1] == csi.LanguageRequest("", ())


@VERSIONS
async def test_searches(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    found = csi.Hit(csi.DocPath(**PATH), "text", 0.5, csi.Cursor(1, 2), csi.Cursor(1, 9))
    kernel.asking.script["search"] = [[found]]
    body = [{"query": "q", "index_path": INDEX, "max_results": 1, "min_score": None, "filters": []}]
    assert await ask(client, f"{version}/search", body) == [
        [
            {
                "document_path": PATH,
                "content": "text",
                "score": 0.5,
                "start": {"item": 1, "position": 2},
                "end": {"item": 1, "position": 9},
            }
        ]
    ]
    assert kernel.asking.asked == [("search", [csi.SearchRequest(csi.IndexPath(**INDEX), "q", 1)])]


@pytest.mark.parametrize(
    ("condition", "operator", "value"),
    [
        ({"greater_than": 1}, "greater-than", 1.0),
        ({"greater_than_or_equal_to": 1.5}, "greater-than-or-equal-to", 1.5),
        ({"less_than": -1}, "less-than", -1.0),
        ({"less_than_or_equal_to": 0}, "less-than-or-equal-to", 0.0),
        ({"after": "2024-01-01T00:00:00Z"}, "after", "2024-01-01T00:00:00Z"),
        ({"at_or_after": "x"}, "at-or-after", "x"),
        ({"before": "x"}, "before", "x"),
        ({"at_or_before": "x", "after": None}, "at-or-before", "x"),
        ({"equal_to": "x"}, "equal-to", "x"),
        ({"equal_to": 3}, "equal-to", 3),
        ({"equal_to": False}, "equal-to", False),
        ({"is_null": True}, "is-null", None),
    ],
)
async def test_every_condition_of_a_search(
    kernel: Any, client: httpx.AsyncClient, condition: dict[str, Any], operator: str, value: Any
) -> None:
    kernel.asking.script["search"] = [[]]
    metadata = [{"metadata": {"field": "a.b", **condition}}]
    filters = [{"with": metadata}, {"with_one_of": metadata}, {"without": metadata}, {"with": []}]
    await ask(
        client, "v1/search", [{"query": "q", "index_path": INDEX, "max_results": 1, "min_score": 0, "filters": filters}]
    )
    (request,) = kernel.asking.asked[0][1]
    wanted = (csi.Condition("a.b", operator, value),)
    assert request.filters == (
        csi.Filter("with-all", wanted),
        csi.Filter("with-one-of", wanted),
        csi.Filter("without", wanted),
        csi.Filter("with-all", ()),
    )
    assert type(request.filters[0].conditions[0].value) is type(value)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"with": [], "without": []},
        {"with": [{"metadata": {"field": "a"}}]},
        {"with": [{"metadata": {"field": "a", "after": "x", "before": "y"}}]},
        {"with": [{"metadata": {"field": "a", "is_null": False}}]},
        {"with": [{"metadata": {"field": "a", "equal_to": 1.5}}]},
        {"with": [{"metadata": {"field": "a", "equal_to": 2**63}}]},
        {"with": [{"metadata": {"after": "x"}}]},
    ],
)
async def test_a_filter_that_means_nothing_is_refused(client: httpx.AsyncClient, wrong: Any) -> None:
    body = [{"query": "q", "index_path": INDEX, "max_results": 1, "filters": [wrong]}]
    response = await client.post("/csi/v1/search", json=body)
    assert problem(response)[:2] == (422, "malformed-request")


@VERSIONS
async def test_documents(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    kernel.asking.script["documents"] = [csi.Document(csi.DocPath(**PATH), ("text", csi.Image()), {"a": [1]})]
    assert await ask(client, f"{version}/documents", [PATH]) == [
        {
            "path": PATH,
            "contents": [{"modality": "text", "text": "text"}, {"modality": "image"}],
            "metadata": {"a": [1]},
        }
    ]
    kernel.asking.script["document_metadata"] = [None, {"a": 1}]
    assert await ask(client, f"{version}/document_metadata", [PATH, PATH]) == [None, {"a": 1}]
    assert kernel.asking.asked[1] == ("document_metadata", [csi.DocPath(**PATH)] * 2)


@VERSIONS
async def test_tools_are_called_in_the_namespace_of_the_body(
    kernel: Any, client: httpx.AsyncClient, version: str
) -> None:
    kernel.asking.script["invoke_tools"] = [csi.ToolOutput(("3",)), csi.ToolError("Out of cheese!")]
    arguments = '[{"name": "a", "value": { "x": 1.50, "y": [null] }}, {"name": "b", "value": 2}]'
    body = f'{{"namespace":"42","requests":[{{"name":"add","arguments":{arguments}}},{{"name":"x","arguments":[]}}]}}'
    response = await client.post(
        f"/csi/{version}/invoke_tool",
        content=body,
        headers={"content-type": "application/json", "authorization": "Bearer me"},
    )
    assert response.json() == [[{"type": "text", "text": "3"}], "Out of cheese!"]
    assert kernel.askers == [("42", Caller("me"))]
    calls = [csi.ToolRequest("add", (("a", b'{"x":1.50,"y":[null]}'), ("b", b"2"))), csi.ToolRequest("x", ())]
    assert kernel.asking.asked == [("invoke_tools", calls)]


@VERSIONS
async def test_tools_are_listed(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    kernel.servers["42"] = []
    kernel.asking.script["list_tools"] = [csi.ToolInfo("b", "B", {"type": "object"}), csi.ToolInfo("a", "", None)]
    assert await ask(client, f"{version}/list_tools", {"namespace": "42"}) == [
        {"name": "a", "description": "", "input_schema": None},
        {"name": "b", "description": "B", "input_schema": {"type": "object"}},
    ]


@VERSIONS
async def test_the_tools_of_an_unknown_namespace_are_not_there(client: httpx.AsyncClient, version: str) -> None:
    response = await client.post(f"/csi/{version}/list_tools", json={"namespace": "nowhere"})
    assert problem(response) == (404, "namespace-not-found", "Namespace 'nowhere' not found")


@VERSIONS
async def test_nothing_is_answered_by_nothing(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    for function, operation in {"complete": "complete", "chat": "chat", "search": "search"}.items():
        kernel.asking.script[operation] = []
        assert await ask(client, f"{version}/{function}", []) == []


async def test_a_failure_is_a_problem(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete"] = ModelNotFound("there is no model m")
    response = await client.post("/csi/v1/complete", json=[COMPLETION])
    assert problem(response) == (404, "model-not-found", "there is no model m")


async def test_a_failure_as_text_has_the_words_programs_look_for(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["chunk"] = NotConfigured("text can not be chunked")
    body = [{"text": "a", "params": {"model": "m", "max_tokens": 1}}]
    response = await client.post("/csi/v1/chunk", json=body, headers={"accept": "text/plain"})
    assert (response.status_code, response.text) == (503, "Something went wrong: text can not be chunked")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "the whole body: Expected `array`, got `object`"),
        ([{"model": "m", "prompt": "p"}], "[0]: Object missing required field `params`"),
        ([{"model": "m", "prompt": 1, "params": {}}], "[0].prompt: Expected `str`, got `int`"),
        ([{"model": "m", "prompt": "p", "params": {"max_tokens": -1}}], "[0].params.max_tokens: Expected `int` >= 0"),
        ([{"model": "m", "prompt": "p", "params": {"max_tokens": 2**32}}], "[0].params.max_tokens: Expected `int` <="),
        ([{"model": "m", "prompt": "p", "params": {"logprobs": "all"}}], "[0].params.logprobs: Invalid enum value"),
    ],
)
async def test_a_body_of_another_shape_is_told_where(client: httpx.AsyncClient, body: Any, place: str) -> None:
    response = await client.post("/csi/v1/complete", json=body)
    status, code, detail = problem(response)
    assert (status, code) == (422, "malformed-request")
    assert detail.startswith(f"Failed to deserialize the JSON body into the target type: {place}")


@pytest.mark.parametrize("function", ["complete", "chat_stream", "list_tools"])
async def test_bodies_have_the_rules_of_all_routes(client: httpx.AsyncClient, function: str) -> None:
    url, json = f"/csi/v1/{function}", {"content-type": "application/json"}
    assert problem(await client.post(url, content=b"[]"))[0] == 415
    assert problem(await client.post(url, content=b"[", headers=json))[:2] == (400, "invalid-json")
    assert problem(await client.post(url, content=b" " * 1001, headers=json))[:2] == (413, "payload-too-large")
    assert problem(await client.post(url, json=[], headers={"authorization": "Basic x"}))[0] == 400
    assert problem(await client.get(url))[0] == 405


@pytest.mark.parametrize("function", ["v1/nothing", "v3/chat", "v1/stream_output"])
async def test_other_functions_are_not_there(client: httpx.AsyncClient, function: str) -> None:
    assert problem(await client.post(f"/csi/{function}", json=[]))[:2] == (404, "route-not-found")


async def test_a_caller_who_leaves_cancels_what_was_asked(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.asking.script["complete"] = HANG
    call = asyncio.create_task(client.post("/csi/v1/complete", json=[COMPLETION]))
    async with asyncio.timeout(10):
        await kernel.asking.begun.wait()
        call.cancel()
        await kernel.asking.cancelled.wait()
