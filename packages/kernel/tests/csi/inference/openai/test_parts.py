"""Streams of a real HTTP server, and the order of their parts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from doubles.endpoint import Endpoint
from doubles.openai_stub import Events, Whole, chat_answer, chat_chunks, delta, failure, piece, usage
from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    CompleteRequest,
    End,
    Logprob,
    Part,
    ReasoningPart,
    TextPart,
    TokenLogprob,
    ToolCallChunk,
    ToolCallPart,
    TopLogprobs,
    Turn,
    Usage,
    Used,
)
from pharia_kernel.errors import BackendAnswerInvalid, BackendFailed, BackendRateLimited, CsiError, ModelNotFound
from pharia_kernel.types import Caller

_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_SPLIT = msgspec.structs.replace(_CHAT, split_reasoning=True)
_COMPLETE = CompleteRequest("m", "Once")
_USED = Used(Usage(3, 2), "stub-1")


async def _chat(endpoint: Endpoint, *chunks: Any, request: ChatRequest = _CHAT, then: Any = "done") -> list[Part]:
    backend = await endpoint.backend(Events(chunks, then=then))
    return [part async for part in backend.chat_stream(request, Caller())]


async def test_a_chat_begins_brings_text_ends_and_counts(endpoint: Endpoint) -> None:
    parts = await _chat(endpoint, *chat_chunks("Hel", "lo", finish="length"))
    assert parts == [Begin("assistant"), TextPart("Hel"), TextPart("lo"), End("length"), _USED]
    assert endpoint.asked["stream"] is True


async def test_a_completion_has_no_beginning(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events([piece("upon"), piece(""), piece(" a", "stop"), usage()]))
    parts = [part async for part in backend.complete_stream(_COMPLETE, Caller())]
    assert parts == [TextPart("upon"), TextPart(" a"), End("stop"), _USED]


async def test_a_chunk_with_usage_and_choices_loses_nothing(endpoint: Endpoint) -> None:
    last = {**delta("stop", role="assistant", content="all"), "usage": usage()["usage"]}
    assert await _chat(endpoint, last) == [Begin("assistant"), TextPart("all"), End("stop"), _USED]


async def test_usage_in_every_chunk_is_delivered_once_at_the_end(endpoint: Endpoint) -> None:
    counted = [{**delta(content="a"), "usage": usage(3, 1)["usage"]}, {**delta("stop"), "usage": usage(3, 2)["usage"]}]
    assert await _chat(endpoint, *counted) == [Begin("assistant"), TextPart("a"), End("stop"), _USED]


async def test_a_role_that_is_repeated_begins_one_message(endpoint: Endpoint) -> None:
    chunks = [delta(role="assistant", content="a"), delta(role="assistant", content="b"), delta("stop")]
    assert await _chat(endpoint, *chunks) == [Begin("assistant"), TextPart("a"), TextPart("b"), End("stop")]


async def test_a_message_without_role_begins_all_the_same(endpoint: Endpoint) -> None:
    assert (await _chat(endpoint, delta(content="a"), delta("stop")))[0] == Begin("assistant")
    assert await _chat(endpoint, delta("stop")) == [Begin("assistant"), End("stop")]


async def test_a_stream_may_end_without_usage_and_without_announcement(endpoint: Endpoint) -> None:
    parts = await _chat(endpoint, delta(role="assistant", content="a"), delta("stop"), then="close")
    assert parts == [Begin("assistant"), TextPart("a"), End("stop")]


async def test_tool_calls_arrive_in_pieces(endpoint: Endpoint) -> None:
    parts = await _chat(
        endpoint,
        delta(role="assistant", tool_calls=[{"index": 0, "id": "1", "function": {"name": "add", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"a"'}}]),
        delta("tool_calls"),
    )
    assert parts == [
        Begin("assistant"),
        ToolCallPart((ToolCallChunk(0, "1", "add", ""),)),
        ToolCallPart((ToolCallChunk(0, None, None, '{"a"'),)),
        End("tool-calls"),
    ]


async def test_a_chunk_with_text_and_tool_calls_loses_neither(endpoint: Endpoint) -> None:
    both = delta("tool_calls", content="so", tool_calls=[{"index": 1, "id": "1", "function": {"name": "add"}}])
    assert (await _chat(endpoint, both))[1:3] == [TextPart("so"), ToolCallPart((ToolCallChunk(1, "1", "add"),))]


async def test_inline_reasoning_is_split_wherever_the_chunks_are_cut(endpoint: Endpoint) -> None:
    chunks = chat_chunks("<th", "ink>a", "b</thi", "nk>", "c")
    parts = await _chat(endpoint, *chunks, request=_SPLIT)
    assert parts[1:-2] == [ReasoningPart("a"), ReasoningPart("b"), TextPart("c")]


async def test_inline_reasoning_stays_in_the_text_unless_it_is_to_be_split(endpoint: Endpoint) -> None:
    parts = await _chat(endpoint, *chat_chunks("<think>", "a</think>b"))
    assert parts[1:-2] == [TextPart("<think>"), TextPart("a</think>b")]


async def test_a_tag_that_never_comes_whole_is_delivered_at_the_end(endpoint: Endpoint) -> None:
    assert (await _chat(endpoint, *chat_chunks("<thi"), request=_SPLIT))[1:-2] == [TextPart("<thi")]
    assert (await _chat(endpoint, *chat_chunks("<think>a</"), request=_SPLIT))[1:-2] == [
        ReasoningPart("a"),
        ReasoningPart("</"),
    ]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_of_its_own_field_is_delivered_if_wanted(endpoint: Endpoint, field: str) -> None:
    chunks = [delta(role="assistant"), delta(**{field: "a"}), delta(content="<think>b"), delta("stop")]
    wanted = await _chat(endpoint, *chunks, request=_SPLIT)
    assert wanted == [Begin("assistant"), ReasoningPart("a"), TextPart("<think>b"), End("stop")]
    assert await _chat(endpoint, *chunks) == [Begin("assistant"), TextPart("<think>b"), End("stop")]


async def test_text_carries_its_log_probabilities(endpoint: Endpoint) -> None:
    def logprobs(token: str) -> Any:
        return {"content": [{"token": token, "logprob": -1.0, "top_logprobs": []}]}

    parts = await _chat(
        endpoint,
        delta(role="assistant", content="a", logprobs=logprobs("a")),
        delta(content="", logprobs=logprobs("b")),
        delta(content="bc", logprobs=logprobs("c")),
        delta("stop"),
        request=msgspec.structs.replace(_CHAT, logprobs=TopLogprobs(0)),
    )
    a, b, c = (TokenLogprob(Logprob(letter, -1.0)) for letter in (b"a", b"b", b"c"))
    assert parts[1:3] == [TextPart("a", (a,)), TextPart("bc", (b, c))]


async def test_parts_are_delivered_while_the_backend_still_works(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Events([delta(role="assistant", content="a")], then="hang"))
    stream = backend.chat_stream(_CHAT, Caller())
    assert [await anext(stream), await anext(stream)] == [Begin("assistant"), TextPart("a")]
    await stream.aclose()


@pytest.mark.parametrize(
    ("chunks", "then", "error", "text"),
    [
        ([b"data: oops\n\n"], "done", BackendAnswerInvalid, "oops"),
        ([b"data: {\n\n"], "done", BackendAnswerInvalid, "unexpected"),
        ([b"\x00\xff" * 100], "close", BackendAnswerInvalid, "not a stream of events"),
        ([], "done", BackendAnswerInvalid, "without a finish reason"),
        ([delta(content="a")], "done", BackendAnswerInvalid, "without a finish reason"),
        ([delta("exploded")], "done", BackendAnswerInvalid, "exploded"),
        ([failure("too many", "rate_limit", "x") | {"choices": []}], "done", BackendFailed, "too many"),
        ([{"error": {"message": "slow down", "code": 429}}], "hang", BackendRateLimited, "slow down"),
        ([{"error": {"message": "who?", "code": "model_not_found"}}], "hang", ModelNotFound, "who"),
        ([{"error": "plain words"}], "hang", BackendFailed, "plain words"),
    ],
)
async def test_a_stream_of_another_shape_is_the_backends_fault(
    endpoint: Endpoint, chunks: list[Any], then: Any, error: type[CsiError], text: str
) -> None:
    with pytest.raises(error, match=text):
        await _chat(endpoint, *chunks, then=then)


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_connection_that_closes_amid_a_stream_fails_after_the_parts_before(
    endpoint: Endpoint, then: Any
) -> None:
    backend = await endpoint.backend(Events([delta(role="assistant", content="a")], then=then))
    stream = backend.chat_stream(_CHAT, Caller())
    assert [await anext(stream), await anext(stream)] == [Begin("assistant"), TextPart("a")]
    with pytest.raises(BackendFailed, match="closed the connection"):
        await anext(stream)


async def test_a_whole_answer_instead_of_a_stream_is_the_backends_fault(endpoint: Endpoint) -> None:
    backend = await endpoint.backend(Whole(chat_answer("Hello")), Whole(failure("no streams today")))
    with pytest.raises(BackendAnswerInvalid, match="where a stream was asked"):
        await anext(backend.chat_stream(_CHAT, Caller()))
    with pytest.raises(BackendFailed, match="no streams today"):
        await anext(backend.chat_stream(_CHAT, Caller()))
