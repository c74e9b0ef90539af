"""Whole answers of a real HTTP server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from doubles.endpoint import TOKEN, Endpoint
from doubles.openai_stub import Whole, chat_answer, completion_answer
from pharia_kernel.csi.types import (
    ChatRequest,
    CompleteRequest,
    Logprob,
    TokenLogprob,
    ToolCall,
    TopLogprobs,
    Turn,
    Usage,
)
from pharia_kernel.errors import BackendAnswerInvalid
from pharia_kernel.types import Caller

_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_SPLIT = msgspec.structs.replace(_CHAT, split_reasoning=True)
_CALLER = Caller("token-of-the-caller")
_CALL = {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a"'}}


async def test_a_chat_is_answered_with_text_usage_and_the_model_that_answered(endpoint: Endpoint) -> None:
    answer = await (await endpoint.backend(Whole(chat_answer("Hello")))).chat(_CHAT, _CALLER)
    assert (answer.content, answer.finish, answer.model) == ("Hello", "stop", "stub-1")
    assert answer.usage == Usage(3, 2)
    assert answer.tool_calls is None
    assert endpoint.stub.received[0].path == "/chat/completions"


async def test_the_configured_token_is_sent_and_the_callers_is_not(endpoint: Endpoint) -> None:
    await (await endpoint.backend()).chat(_CHAT, _CALLER)
    headers = endpoint.stub.received[0].headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert "token-of-the-caller" not in str(headers)


async def test_a_request_joins_the_trace(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(trace_headers=lambda: {"traceparent": "00-1-2-01"})
    await backend.chat(_CHAT, _CALLER)
    assert endpoint.stub.received[0].headers["traceparent"] == "00-1-2-01"


async def test_a_completion_is_answered_with_text(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole(completion_answer("upon a time", finish="length")))
    answer = await backend.complete(CompleteRequest("m", "Once"), _CALLER)
    assert (answer.text, answer.finish, answer.usage, answer.model) == ("upon a time", "length", Usage(3, 2), "stub-1")
    assert endpoint.stub.received[0].path == "/completions"


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content-filter"),
        ("tool_calls", "tool-calls"),
        ("function_call", "tool-calls"),
    ],
)
async def test_finish_reasons_are_known(endpoint: Endpoint, sent: str, known: str) -> None:
    backend = await endpoint.backend(Whole(chat_answer("x", finish=sent)))
    assert (await backend.chat(_CHAT, _CALLER)).finish == known


async def test_tool_calls_come_without_content(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole(chat_answer(None, finish="tool_calls", tool_calls=[_CALL])))
    answer = await backend.chat(_CHAT, _CALLER)
    assert answer.tool_calls == (ToolCall("1", "add", '{"a"'),)
    assert answer.content is None


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_of_its_own_field_is_delivered_if_wanted(endpoint: Endpoint, field: str) -> None:
    backend = await endpoint.backend(Whole(chat_answer("<think>b</think>c", **{field: "a"})))
    assert (await backend.chat(_CHAT, _CALLER)).reasoning is None
    wanted = await backend.chat(_SPLIT, _CALLER)
    assert (wanted.reasoning, wanted.content) == ("a", "<think>b</think>c")


async def test_inline_reasoning_stays_in_the_text_unless_it_is_to_be_split(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole(chat_answer("<think>a</think>b")))
    assert (await backend.chat(_CHAT, _CALLER)).content == "<think>a</think>b"
    split = await backend.chat(_SPLIT, _CALLER)
    assert (split.reasoning, split.content) == ("a", "b")


async def test_reasoning_that_never_ends_leaves_no_content(endpoint: Endpoint) -> None:
    answer = await (await endpoint.backend(Whole(chat_answer("<think>a")))).chat(_SPLIT, _CALLER)
    assert (answer.reasoning, answer.content) == ("a", None)


def _entry(token: str, logprob: float | None, top: dict[str, float], **members: Any) -> Any:
    alternatives = [{"token": other, "logprob": value} for other, value in top.items()]
    return {"token": token, "logprob": logprob, "top_logprobs": alternatives, **members}


async def test_log_probabilities_are_sorted_and_cut_to_what_was_asked(endpoint: Endpoint) -> None:
    body = chat_answer("Hi")
    body["choices"][0]["logprobs"] = {"content": [_entry("Hi", -1.0, {"Yo": -2.0, "Hi": -1.0, "He": -3.0})]}
    backend = await endpoint.backend(Whole(body))
    answer = await backend.chat(msgspec.structs.replace(_CHAT, logprobs=TopLogprobs(2)), _CALLER)
    assert answer.tokens == (TokenLogprob(Logprob(b"Hi", -1.0), (Logprob(b"Hi", -1.0), Logprob(b"Yo", -2.0))),)
    sampled = await backend.chat(msgspec.structs.replace(_CHAT, logprobs="sampled"), _CALLER)
    assert sampled.tokens == (TokenLogprob(Logprob(b"Hi", -1.0), (Logprob(b"Hi", -1.0),)),)


async def test_a_token_that_is_part_of_a_character_keeps_its_bytes(endpoint: Endpoint) -> None:
    body = chat_answer("ä")
    body["choices"][0]["logprobs"] = {"content": [_entry("\ufffd", -1.0, {}, bytes=[0xC3]), _entry("x", None, {})]}
    backend = await endpoint.backend(Whole(body))
    first, second = (await backend.chat(msgspec.structs.replace(_CHAT, logprobs="sampled"), _CALLER)).tokens
    assert first.sampled.token == b"\xc3"
    assert second.sampled.logprob != second.sampled.logprob  # not a number


async def test_log_probabilities_of_completions_come_in_lists(endpoint: Endpoint) -> None:
    logprobs = {
        "tokens": ["Once", " upon"],
        "token_logprobs": [None, -0.5],
        "top_logprobs": [None, {" a": -1.5, " upon": -0.5}],
        "text_offset": [0, 4],
    }
    backend = await endpoint.backend(Whole(completion_answer("Once upon", logprobs=logprobs)))
    request = CompleteRequest("m", "Once", logprobs=TopLogprobs(2))
    first, second = (await backend.complete(request, _CALLER)).tokens
    assert first.top == ()
    assert second == TokenLogprob(Logprob(b" upon", -0.5), (Logprob(b" upon", -0.5), Logprob(b" a", -1.5)))
    sampled = await backend.complete(msgspec.structs.replace(request, logprobs="sampled"), _CALLER)
    assert [token.top for token in sampled.tokens] == [(), ()]


def _without(member: str) -> Any:
    body = chat_answer("x")
    del body[member]
    return body


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>oops</html>", "<html>oops</html>"),
        (b"", "unexpected"),
        (b"\xff\xfe", "unexpected"),
        (b"[1]", "unexpected"),
        (b"[" * 5000, "unexpected"),
        ({}, "no choice"),
        ({"choices": []}, "no choice"),
        ({"choices": [{"finish_reason": "stop"}]}, "no choice"),
        (_without("usage"), "no usage"),
        (chat_answer("x", finish=None), "no finish reason"),
        (chat_answer("x", finish="exploded"), "exploded"),
        (chat_answer(None, tool_calls=[{"id": "1"}]), "tool call"),
        (chat_answer(7), "str"),  # type: ignore[arg-type]  # that is the point
    ],
)
async def test_an_answer_of_another_shape_is_the_backends_fault(endpoint: Endpoint, body: Any, what: str) -> None:
    backend = await endpoint.backend(Whole(body))
    with pytest.raises(BackendAnswerInvalid, match=what):
        await backend.chat(_CHAT, _CALLER)


async def test_a_completion_without_text_is_the_backends_fault(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole({"choices": [{"finish_reason": "stop"}], "usage": {}}))
    with pytest.raises(BackendAnswerInvalid, match="no choice with a text"):
        await backend.complete(CompleteRequest("m", "Once"), _CALLER)
