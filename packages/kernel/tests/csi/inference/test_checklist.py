"""What every source of model answers does alike; the numbers are those of the reference's list of behaviour (157-176).

Each runs against both kinds of remote backends where both can do it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from doubles.aleph_alpha import CALLER, aleph_alpha, chunk, completed, completion_events, summary, totals
from doubles.endpoint import Endpoint
from doubles.openai_stub import (
    Events,
    Reply,
    Whole,
    chat_answer,
    chat_chunks,
    completion_answer,
    delta,
    failure,
    usage,
)
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaOptions
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    CompleteRequest,
    End,
    FunctionSpec,
    JsonSchema,
    NamedTool,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolCallChunk,
    ToolCallPart,
    TopLogprobs,
    Turn,
    Usage,
    Used,
)
from pharia_kernel.errors import BackendUnauthorized, BackendUnavailable, CallerUnauthorized, ModelNotFound

Serve = Callable[..., Awaitable[InferenceBackend]]

_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_SPLIT = msgspec.structs.replace(_CHAT, split_reasoning=True)
_COMPLETE = CompleteRequest("m", "Once")
_BUSY = Whole(failure("busy"), status=503)
_ADD = FunctionSpec("add", "adds", {"type": "object"})


@pytest.fixture(params=["openai", "aleph-alpha"])
def serve(request: pytest.FixtureRequest, endpoint: Endpoint) -> Serve:
    async def serve(*replies: Reply, **options: Any) -> InferenceBackend:
        if request.param == "openai":
            return await endpoint.backend(*replies, **options)
        return await aleph_alpha(endpoint, *replies, **options)

    return serve


async def test_157_after_one_failure_later_requests_succeed(serve: Serve) -> None:
    backend = await serve(_BUSY, Whole(chat_answer("a")), retry=RetryPolicy(retries=0))
    with pytest.raises(BackendUnavailable):
        await backend.chat(_CHAT, CALLER)
    assert (await backend.chat(_CHAT, CALLER)).content == "a"


@pytest.mark.parametrize("kind", ["openai", "aleph-alpha"])
async def test_158_two_completions_are_under_way_at_once(endpoint: Endpoint, kind: str) -> None:
    gate = asyncio.Event()
    body = completed("a") if kind == "aleph-alpha" else completion_answer("a")
    reply = Whole(body, until=gate)
    backend: InferenceBackend = (
        await aleph_alpha(endpoint, reply) if kind == "aleph-alpha" else await endpoint.backend(reply)
    )
    tasks = [asyncio.create_task(backend.complete(_COMPLETE, CALLER)) for _ in range(2)]
    await endpoint.stub.until(lambda stub: stub.open == 2)
    gate.set()
    assert [(await task).text for task in tasks] == ["a", "a"]


@pytest.mark.parametrize(("failures", "calls"), [(0, 1), (2, 3), (100, 6)])
async def test_159_a_request_is_tried_six_times(endpoint: Endpoint, failures: int, calls: int) -> None:
    backend = await aleph_alpha(endpoint, *[_BUSY] * failures, Whole(completed("a")))
    if failures < 6:
        assert (await backend.complete(_COMPLETE, CALLER)).text == "a"
    else:
        with pytest.raises(BackendUnavailable):
            await backend.complete(_COMPLETE, CALLER)
    assert len(endpoint.stub.received) == calls


def test_159_five_pauses_last_up_to_half_a_minute_in_all() -> None:
    retry = AlephAlphaOptions("http://127.0.0.1").retry
    pauses = [retry.pause(attempt, None, lambda low, high: high) for attempt in range(6)]
    assert pauses == [1, 2, 4, 8, 16, None]


@pytest.mark.parametrize(
    ("text", "reasoning", "content"),
    [
        pytest.param("<think>a</think> b", "a", " b", id="160"),
        pytest.param("no tag", None, "no tag", id="162-no-tag"),
        pytest.param("b</think><think>", None, "b</think><think>", id="162-end-before-start"),
        pytest.param("<think>a", "a", None, id="163"),
    ],
)
async def test_160_162_163_reasoning_is_split_from_a_whole_text(
    serve: Serve, text: str, reasoning: str | None, content: str | None
) -> None:
    answer = await (await serve(Whole(chat_answer(text)))).chat(_SPLIT, CALLER)
    assert (answer.reasoning, answer.content) == (reasoning, content)


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
async def test_161_a_text_whose_reasoning_came_apart_is_left_as_it_is(serve: Serve, member: str) -> None:
    answer = await (await serve(Whole(chat_answer("<think>b</think>c", **{member: "a"})))).chat(_SPLIT, CALLER)
    assert (answer.reasoning, answer.content) == ("a", "<think>b</think>c")


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        pytest.param(["<think>a", "b</think>c"], [ReasoningPart("a"), ReasoningPart("b"), TextPart("c")], id="whole"),
        pytest.param(["<think>", "a", "</think>", "b"], [ReasoningPart("a"), TextPart("b")], id="own-chunk"),
        pytest.param(["<think>a</think>b", "c"], [ReasoningPart("a"), TextPart("b"), TextPart("c")], id="one-chunk"),
        pytest.param(["<think></think>", "b"], [TextPart("b")], id="empty"),
    ],
)
async def test_164_reasoning_is_split_from_a_stream(serve: Serve, texts: list[str], parts: list[Any]) -> None:
    backend = await serve(Events(chat_chunks(*texts)))
    assert [part async for part in backend.chat_stream(_SPLIT, CALLER)] == [
        Begin("assistant"),
        *parts,
        End("stop"),
        Used(Usage(3, 2), "stub-1"),
    ]


async def test_165_a_tag_in_the_middle_of_a_text_is_text(serve: Serve) -> None:
    backend = await serve(Events(chat_chunks("a <think>b</think>", "c")))
    parts = [part async for part in backend.chat_stream(_SPLIT, CALLER)]
    assert parts[1:3] == [TextPart("a <think>b</think>"), TextPart("c")]


async def test_166_an_answer_of_tool_calls_has_no_content(serve: Serve) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    backend = await serve(Whole(chat_answer(None, finish="tool_calls", tool_calls=[call])))
    answer = await backend.chat(_CHAT, CALLER)
    assert (answer.content, answer.finish, answer.tool_calls) == (None, "tool-calls", (ToolCall("1", "add", "{}"),))


@pytest.mark.parametrize(
    "reply",
    [
        Whole(failure("no such model", "model_not_found"), status=404),
        Whole({"error": "no such model", "code": "UNKNOWN_MODEL"}, status=404),
    ],
)
async def test_167_an_unknown_model_is_not_found(serve: Serve, reply: Whole) -> None:
    with pytest.raises(ModelNotFound, match="no such model"):
        await (await serve(reply)).chat(_CHAT, CALLER)


async def test_168_a_bad_key_is_unauthorized(serve: Serve, endpoint: Endpoint) -> None:
    backend = await serve(Whole(failure("bad key", "invalid_api_key"), status=401))
    with pytest.raises(BackendUnauthorized) as raised:
        await backend.chat(_CHAT, CALLER)
    sent = endpoint.stub.received[0].headers["Authorization"]
    assert isinstance(raised.value, CallerUnauthorized) is (sent == f"Bearer {CALLER.token}")


async def test_169_a_stream_of_one_token_begins_appends_ends_and_says_its_usage(serve: Serve) -> None:
    backend = await serve(Events([delta(role="assistant"), delta(content="a"), delta("length"), usage(3, 1)]))
    request = msgspec.structs.replace(_CHAT, max_tokens=1)
    assert [part async for part in backend.chat_stream(request, CALLER)] == [
        Begin("assistant"),
        TextPart("a"),
        End("length"),
        Used(Usage(3, 1), "stub-1"),
    ]


async def test_170_a_tool_that_was_chosen_is_called(serve: Serve, endpoint: Endpoint) -> None:
    first = {"index": 0, "id": "1", "type": "function", "function": {"name": "add", "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": text}} for text in ('{"a"', ":1}")]
    events = [delta(role="assistant", tool_calls=[first]), *(delta(tool_calls=[one]) for one in rest)]
    backend = await serve(Events([*events, delta("tool_calls"), usage()]))
    request = msgspec.structs.replace(_CHAT, tools=(_ADD,), tool_choice=NamedTool("add"))
    parts = [part async for part in backend.chat_stream(request, CALLER)]
    assert endpoint.asked["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert parts[1:5] == [
        ToolCallPart((ToolCallChunk(0, "1", "add", ""),)),
        ToolCallPart((ToolCallChunk(0, arguments='{"a"'),)),
        ToolCallPart((ToolCallChunk(0, arguments=":1}"),)),
        End("tool-calls"),
    ]


async def test_171_an_answer_of_a_schema_is_json(serve: Serve, endpoint: Endpoint) -> None:
    backend = await serve(Whole(chat_answer('{"city":"Bonn"}')))
    wanted = JsonSchema("city", schema={"type": "object", "required": ["city"]}, strict=True)
    answer = await backend.chat(msgspec.structs.replace(_CHAT, format=wanted), CALLER)
    assert endpoint.asked["response_format"]["json_schema"]["schema"]["required"] == ["city"]
    assert msgspec.json.decode(answer.content or "") == {"city": "Bonn"}


async def test_172_effort_and_the_newer_limit_are_passed(serve: Serve, endpoint: Endpoint) -> None:
    backend = await serve(Whole(chat_answer("a")))
    await backend.chat(msgspec.structs.replace(_CHAT, max_completion_tokens=9, effort="low"), CALLER)
    assert (endpoint.asked["max_completion_tokens"], endpoint.asked["reasoning_effort"]) == (9, "low")
    assert "max_tokens" not in endpoint.asked


async def test_173_log_probabilities_of_a_chat_are_sorted(serve: Serve) -> None:
    top = [{"token": "b", "logprob": -2.0}, {"token": "a", "logprob": -1.0}]
    body = chat_answer("a")
    body["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -1.0, "top_logprobs": top}]}
    answer = await (await serve(Whole(body))).chat(msgspec.structs.replace(_CHAT, logprobs=TopLogprobs(2)), CALLER)
    assert [[other.logprob for other in token.top] for token in answer.tokens] == [[-1.0, -2.0]]


async def test_173_log_probabilities_of_a_completion_are_sorted(endpoint: Endpoint) -> None:
    request = msgspec.structs.replace(_COMPLETE, logprobs=TopLogprobs(2))
    lists = {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{"b": -2.0, "a": -1.0}]}
    maps = completed("a", completion_tokens=["a"], log_probs=[{"b": -2.0, "a": -1.0}])
    for backend in (
        await endpoint.backend(Whole(completion_answer("a", logprobs=lists)), Whole(maps)),
        await aleph_alpha(endpoint),
    ):
        answer = await backend.complete(request, CALLER)
        assert [[other.logprob for other in token.top] for token in answer.tokens] == [[-1.0, -2.0]]


async def test_173_a_sampled_token_without_a_value_is_not_a_number(endpoint: Endpoint) -> None:
    maps = completed("a", completion_tokens=["a"], log_probs=[{}])
    backend = await aleph_alpha(endpoint, Whole(maps))
    answer = await backend.complete(msgspec.structs.replace(_COMPLETE, logprobs="sampled"), CALLER)
    assert [math.isnan(token.sampled.logprob) for token in answer.tokens] == [True]


async def test_174_an_echo_is_asked_for_and_is_part_of_the_text(endpoint: Endpoint) -> None:
    request = msgspec.structs.replace(_COMPLETE, echo=True)
    for backend in (
        await endpoint.backend(Whole(completion_answer("Once upon")), Whole(completed("Once upon"))),
        await aleph_alpha(endpoint),
    ):
        assert (await backend.complete(request, CALLER)).text == "Once upon"
        assert endpoint.asked["echo"] is True


async def test_175_special_tokens_are_asked_for_and_are_in_the_text(endpoint: Endpoint) -> None:
    request = msgspec.structs.replace(_COMPLETE, special_tokens=True)
    raw = completed("a", raw_completion="a<|eot|>")
    events = Events([chunk("a", raw_completion="a<|eot|>"), summary(), totals()])
    backend = await aleph_alpha(endpoint, Whole(raw), events, Events(completion_events("a")))
    assert (await backend.complete(request, CALLER)).text == "a<|eot|>"
    assert endpoint.asked["raw_completion"] is True
    parts = [part async for part in backend.complete_stream(request, CALLER)]
    assert parts[0] == TextPart("a<|eot|>")
    openai = await endpoint.backend(Whole(completion_answer("a<|eot|>")))
    assert (await openai.complete(request, CALLER)).text == "a<|eot|>"
    assert endpoint.asked["skip_special_tokens"] is False
