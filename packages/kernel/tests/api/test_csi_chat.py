"""Chats of the first and second version."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pharia_kernel.csi import types as csi

pytestmark = pytest.mark.asyncio(loop_scope="module")

VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])
CALL = csi.ToolCall("c1", "add", '{"a":1}')
ADD = {"name": "add", "description": "adds", "parameters": {"type": "object"}, "strict": None}
SCHEMA = {"name": "answer", "description": None, "schema": {"type": "object"}, "strict": True}


def chat(*messages: Any, **params: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages) or [{"role": "user", "content": "Hi"}], "params": params}


async def asked(kernel: Any, client: httpx.AsyncClient, version: str, body: Any) -> csi.ChatRequest:
    """The request that reached the kernel."""
    kernel.asking.script["chat"] = [csi.ChatAnswer("Hi", "stop")]
    response = await client.post(f"/csi/{version}/chat", json=[body])
    assert response.status_code == 200, response.text
    request: csi.ChatRequest = kernel.asking.asked[-1][1][0]
    return request


@VERSIONS
async def test_every_parameter_reaches_the_kernel(kernel: Any, client: httpx.AsyncClient, version: str) -> None:
    body = chat(
        {"role": "developer", "content": "Be brief."},
        {"role": "User", "content": "Hi"},
        {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [vars_of(CALL)]},
        {"role": "tool", "content": "42", "tool_call_id": "c1"},
        {"role": "tool", "content": "43"},
        logprobs={"top": 2},
        max_tokens=1,
        max_completion_tokens=2,
        temperature=0.1,
        top_p=0.2,
        frequency_penalty=0.3,
        presence_penalty=-0.4,
        tools=[ADD],
        tool_choice="required",
        parallel_tool_calls=False,
        response_format="json_object",
        reasoning_effort="minimal",
        stop=["a", "b"],
        seed=7,
    )
    assert await asked(kernel, client, version, body) == csi.ChatRequest(
        "m",
        (
            csi.Turn("developer", "Be brief."),
            csi.Turn("user", "Hi"),
            csi.Turn("assistant", None, (CALL,)),
            csi.Turn("tool", "42", tool_call_id="c1"),
            csi.Turn("tool", "43", tool_call_id=""),
        ),
        max_tokens=1,
        max_completion_tokens=2,
        temperature=0.1,
        top_p=0.2,
        frequency_penalty=0.3,
        presence_penalty=-0.4,
        logprobs=csi.TopLogprobs(2),
        tools=(csi.FunctionSpec("add", "adds", {"type": "object"}),),
        tool_choice="required",
        parallel_tools=False,
        format="json-object",
        effort="minimal",
        split_reasoning=version == "v2",
        stop=("a", "b"),
        seed=7,
    )


def vars_of(call: csi.ToolCall) -> dict[str, str]:
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


@pytest.mark.parametrize("choice", [{"named": "add"}, {"name": "add"}, {"named": "add", "name": None}])
async def test_a_tool_is_chosen_in_both_forms(kernel: Any, client: httpx.AsyncClient, choice: Any) -> None:
    request = await asked(kernel, client, "v1", chat(tools=[ADD], tool_choice=choice))
    assert request.tool_choice == csi.NamedTool("add")


@pytest.mark.parametrize("wish", [{"json_schema": SCHEMA}, SCHEMA, {"json_schema": {"name": "answer"}}])
async def test_a_schema_is_wanted_in_both_forms(kernel: Any, client: httpx.AsyncClient, wish: Any) -> None:
    request = await asked(kernel, client, "v1", chat(response_format=wish))
    assert isinstance(request.format, csi.JsonSchema)
    assert request.format.name == "answer"
    assert request.format.strict is (None if len(wish.get("json_schema", wish)) == 1 else True)


async def test_nothing_is_asked_that_was_not_given(kernel: Any, client: httpx.AsyncClient) -> None:
    nothing = dict.fromkeys(("max_tokens", "tools", "tool_choice", "response_format", "reasoning_effort"))
    plain = csi.ChatRequest("m", (csi.Turn("user", "Hi"),))
    assert await asked(kernel, client, "v1", chat(logprobs="no", **nothing)) == plain
    assert await asked(kernel, client, "v1", {**chat(), "newer": 1}) == plain


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (chat({"role": "user"}), 400, "Non-assistant message must have content"),
        (chat({"role": "tool", "tool_call_id": "1"}), 400, "Tool message must have content"),
        (chat({"role": "robot", "content": "x"}), 400, "The role robot is not supported by the inference backend."),
        (chat(tool_choice={}), 422, "A chosen tool is written"),
        (chat(tool_choice={"named": "a", "name": "a"}), 422, "A chosen tool is written"),
        (chat(tool_choice="some"), 422, "Failed to deserialize the JSON body"),
        (chat(response_format={}), 422, "A response format is written"),
        (chat(reasoning_effort="extreme"), 422, "Failed to deserialize the JSON body"),
    ],
)
@pytest.mark.parametrize("function", ["chat", "chat_stream"])
async def test_a_chat_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, function: str, body: Any, status: int, detail: str
) -> None:
    response = await client.post(f"/csi/v1/{function}", json=[body] if function == "chat" else body)
    assert response.status_code == status
    assert response.json()["detail"].startswith(detail)


async def answered(kernel: Any, client: httpx.AsyncClient, version: str, answer: csi.ChatAnswer, **params: Any) -> Any:
    kernel.asking.script["chat"] = [answer]
    return (await client.post(f"/csi/{version}/chat", json=[chat(**params)])).json()


async def test_answers_of_the_first_version(kernel: Any, client: httpx.AsyncClient) -> None:
    answer = csi.ChatAnswer("Hi", "stop", reasoning="hm", usage=csi.Usage(9, 1))
    assert await answered(kernel, client, "v1", answer) == [
        {
            "message": {"role": "assistant", "content": "Hi", "tool_call_id": None, "tool_calls": None},
            "finish_reason": "stop",
            "logprobs": [],
            "usage": {"prompt": 9, "completion": 1},
        }
    ]


async def test_answers_of_the_second_version_have_the_reasoning(kernel: Any, client: httpx.AsyncClient) -> None:
    (body,) = await answered(kernel, client, "v2", csi.ChatAnswer(None, "length", reasoning="hm"))
    assert body["message"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "tool_call_id": None,
        "tool_calls": None,
    }
    assert body["finish_reason"] == "length"


@pytest.mark.parametrize(("version", "params"), [("v1", {"tools": [ADD]}), ("v2", {"tools": [ADD]}), ("v2", {})])
async def test_tool_calls_are_passed_on(
    kernel: Any, client: httpx.AsyncClient, version: str, params: dict[str, Any]
) -> None:
    (body,) = await answered(kernel, client, version, csi.ChatAnswer(None, "tool-calls", tool_calls=(CALL,)), **params)
    assert body["finish_reason"] == "tool_calls"
    assert body["message"]["content"] is None
    assert body["message"]["tool_calls"] == [{"id": "c1", "name": "add", "arguments": '{"a":1}'}]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (csi.ChatAnswer(None, "stop"), "The inference backend returned a message with an empty content"),
        (csi.ChatAnswer("x", "tool-calls"), "The inference backend returned a tool call, even though no tools"),
        (csi.ChatAnswer("x", "stop", tool_calls=(CALL,)), "The inference backend returned a tool call, even though"),
    ],
)
async def test_the_first_version_expects_content_when_no_tools_were_offered(
    kernel: Any, client: httpx.AsyncClient, answer: csi.ChatAnswer, detail: str
) -> None:
    for tools in ({}, {"tools": []}):
        problem = await answered(kernel, client, "v1", answer, **tools)
        assert (problem["status"], problem["code"]) == (502, "backend-answer-invalid")
        assert problem["detail"].startswith(detail)
