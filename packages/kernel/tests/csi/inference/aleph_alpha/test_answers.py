"""Answers and streams of a real HTTP server."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from doubles.aleph_alpha import CALLER, aleph_alpha, chunk, completed, completion_events, explained, summary, totals
from doubles.endpoint import Endpoint
from doubles.openai_stub import Events, Whole, chat_answer, chat_chunks
from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    CompleteRequest,
    End,
    ExplainRequest,
    Logprob,
    Part,
    Score,
    TextPart,
    TokenLogprob,
    TopLogprobs,
    Turn,
    Usage,
    Used,
)
from pharia_kernel.errors import BackendAnswerInvalid, BackendFailed, CsiError

_REQUEST = CompleteRequest("m", "Once")
_RAW = msgspec.structs.replace(_REQUEST, special_tokens=True)
_TOP = msgspec.structs.replace(_REQUEST, logprobs=TopLogprobs(2))
_CHAT = ChatRequest("m", (Turn("user", "Hi"),))
_EXPLAIN = ExplainRequest("Once", "upon", "m")


async def _parts(endpoint: Endpoint, reply: Events | Whole, request: CompleteRequest = _REQUEST) -> list[Part]:
    backend = await aleph_alpha(endpoint, reply)
    return [part async for part in backend.complete_stream(request, CALLER)]


async def test_a_completion_has_text_finish_usage_and_the_model_that_answered(endpoint: Endpoint) -> None:
    answer = await (await aleph_alpha(endpoint, Whole(completed(" upon a time")))).complete(_REQUEST, CALLER)
    assert (answer.text, answer.finish, answer.usage, answer.model) == (" upon a time", "stop", Usage(3, 2), "stub-1")
    assert endpoint.stub.received[0].path == "/complete"


async def test_the_last_completion_counts(endpoint: Endpoint) -> None:
    body = completed("first")
    body["completions"].append({"completion": "last", "finish_reason": "length"})
    assert (await (await aleph_alpha(endpoint, Whole(body))).complete(_REQUEST, CALLER)).text == "last"


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("length", "length"),
        ("maximum_tokens", "length"),
        ("stop", "stop"),
        ("end_of_text", "stop"),
        ("stop_sequence_reached", "stop"),
        ("content_filter", "content-filter"),
    ],
)
async def test_finish_reasons_are_known(endpoint: Endpoint, sent: str, known: str) -> None:
    backend = await aleph_alpha(endpoint, Whole(completed("x", finish=sent)))
    assert (await backend.complete(_REQUEST, CALLER)).finish == known
    parts = await _parts(endpoint, Events(completion_events("x", finish=sent)))
    assert [part.finish for part in parts if isinstance(part, End)] == [known]


async def test_with_special_tokens_the_raw_text_counts(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Whole(completed("x", raw_completion="x<|endoftext|>")))
    assert (await backend.complete(_RAW, CALLER)).text == "x<|endoftext|>"
    assert (await backend.complete(_REQUEST, CALLER)).text == "x"


async def test_log_probabilities_are_sorted_and_cut_to_what_was_asked(endpoint: Endpoint) -> None:
    values = [{" the": -3.0, " a": -1.5, " upon": -0.5}, {"!": -2.0}]
    reply = Whole(completed(" upon?", completion_tokens=[" upon", "?"], log_probs=values))
    backend = await aleph_alpha(endpoint, reply)
    first, second = (await backend.complete(_TOP, CALLER)).tokens
    assert first == TokenLogprob(Logprob(b" upon", -0.5), (Logprob(b" upon", -0.5), Logprob(b" a", -1.5)))
    assert math.isnan(second.sampled.logprob)
    sampled = await backend.complete(msgspec.structs.replace(_REQUEST, logprobs="sampled"), CALLER)
    assert [token.top for token in sampled.tokens] == [(), ()]


async def test_the_first_token_of_an_echoed_prompt_has_no_log_probability(endpoint: Endpoint) -> None:
    reply = Whole(completed("Once upon", completion_tokens=["Once", " upon"], log_probs=[None, {" upon": -1.0}]))
    tokens = (await (await aleph_alpha(endpoint, reply)).complete(_TOP, CALLER)).tokens
    assert [token.sampled.token for token in tokens] == [b"Once", b" upon"]
    assert math.isnan(tokens[0].sampled.logprob)


async def test_a_stream_is_text_end_and_usage(endpoint: Endpoint) -> None:
    assert await _parts(endpoint, Events(completion_events("a", "", "b", finish="maximum_tokens"))) == [
        TextPart("a"),
        TextPart("b"),
        End("length"),
        Used(Usage(3, 2), "stub-1"),
    ]
    assert endpoint.asked["stream"] is True


async def test_a_stream_with_special_tokens_is_raw(endpoint: Endpoint) -> None:
    events = [chunk("", raw_completion="<|x|>"), chunk("a", raw_completion="a"), summary(), totals()]
    parts = await _parts(endpoint, Events(events), _RAW)
    assert [part.text for part in parts if isinstance(part, TextPart)] == ["<|x|>", "a"]


async def test_log_probabilities_of_a_stream_come_with_its_text(endpoint: Endpoint) -> None:
    events = [
        chunk("", completion_tokens=["\ufffd"], log_probs=[{"\ufffd": -1.0}]),
        chunk("ä", completion_tokens=["ä"], log_probs=[{"ä": -2.0}]),
        summary(),
        totals(),
    ]
    text, *_ = await _parts(endpoint, Events(events), _TOP)
    assert isinstance(text, TextPart)
    assert [token.sampled.logprob for token in text.tokens] == [-1.0, -2.0]


async def test_events_of_another_kind_are_left_out(endpoint: Endpoint) -> None:
    events = [{"type": "news", "completion": "no"}, {}, *completion_events("a")]
    assert (await _parts(endpoint, Events(events)))[0] == TextPart("a")


@pytest.mark.parametrize("then", ["done", "close"])
async def test_a_stream_may_end_without_saying_so(endpoint: Endpoint, then: Any) -> None:
    assert len(await _parts(endpoint, Events(completion_events("a"), then=then))) == 3


async def test_a_chat_is_that_of_the_openai_api(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Whole(chat_answer("<think>a</think>b")), Events(chat_chunks("c")))
    answer = await backend.chat(msgspec.structs.replace(_CHAT, split_reasoning=True), CALLER)
    assert (answer.reasoning, answer.content) == ("a", "b")
    parts = [part async for part in backend.chat_stream(_CHAT, CALLER)]
    assert parts[:2] == [Begin("assistant"), TextPart("c")]
    assert {request.path for request in endpoint.stub.received} == {"/chat/completions"}


async def test_an_explanation_has_a_score_for_each_part_of_the_prompt(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Whole(explained((0, 4, 0.25), (4, 2, -1.5))))
    assert await backend.explain(_EXPLAIN, CALLER) == [Score(0, 4, 0.25), Score(4, 2, -1.5)]
    assert endpoint.stub.received[0].path == "/explain"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>oops</html>", "<html>oops</html>"),
        (b"", "unexpected"),
        (b"[" * 5000, "unexpected"),
        ({}, "no completion"),
        ({"completions": []}, "no completion"),
        (completed(None), "no text"),
        (completed("x", finish=None), "no finish reason"),
        (completed("x", finish="exploded"), "exploded"),
        (completed("x") | {"num_tokens_generated": None}, "no numbers of tokens"),
        (completed("x", log_probs=7), "int"),
    ],
)
async def test_a_completion_of_another_shape_is_the_backends_fault(endpoint: Endpoint, body: Any, what: str) -> None:
    backend = await aleph_alpha(endpoint, Whole(body))
    with pytest.raises(BackendAnswerInvalid, match=what):
        await backend.complete(_REQUEST, CALLER)


async def test_a_raw_text_that_was_asked_for_has_to_come(endpoint: Endpoint) -> None:
    backend = await aleph_alpha(endpoint, Whole(completed("x")))
    with pytest.raises(BackendAnswerInvalid, match="no raw text"):
        await backend.complete(_RAW, CALLER)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"null", "unexpected"),
        ({"explanations": []}, "no text"),
        ({"explanations": [{"items": []}]}, "no text"),
        (explained((0, 1, 0.5), kind="image"), "no text"),
        ({"explanations": [{"items": [{"type": "text", "scores": [{"rect": {}}]}]}]}, "not those of a text"),
    ],
)
async def test_an_explanation_of_another_shape_is_the_backends_fault(endpoint: Endpoint, body: Any, what: str) -> None:
    backend = await aleph_alpha(endpoint, Whole(body))
    with pytest.raises(BackendAnswerInvalid, match=what):
        await backend.explain(_EXPLAIN, CALLER)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Events([chunk("a")]), BackendAnswerInvalid),
        (Events([chunk("a")], then="close"), BackendFailed),
        (Events([chunk("a")], then="reset"), BackendFailed),
        (Events([chunk("a"), {"error": "worker died", "code": "X"}]), BackendFailed),
        (Events([b"data: {nonsense\n\n"]), BackendAnswerInvalid),
        (Whole({"error": "worker died"}), BackendFailed),
        (Whole(completed("x")), BackendAnswerInvalid),
        (Whole(b"<html>", headers={"Content-Type": "text/html"}), BackendAnswerInvalid),
    ],
)
async def test_a_stream_without_a_proper_end_is_an_error(
    endpoint: Endpoint, reply: Events | Whole, error: type[CsiError]
) -> None:
    with pytest.raises(error):
        await _parts(endpoint, reply)
    await endpoint.stub.until(lambda stub: stub.open == 0)
