"""Several real HTTP servers behind one backend: routes, fall-backs, limits, faults, cancellation."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import aclosing
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doubles.aleph_alpha import CALLER, completed, completion_events, explained
from doubles.openai_stub import (
    Events,
    Hang,
    Reply,
    Whole,
    chat_answer,
    chat_chunks,
    completion_answer,
    delta,
    failure,
)
from doubles.routed import Described, open_routed
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.inference.routed import BreakerOptions
from pharia_kernel.csi.tools import Toolbox
from pharia_kernel.csi.types import Begin, ChatRequest, CompleteRequest, ExplainRequest, TextPart, Turn
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendSaturated,
    BackendTimeout,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    InvalidCsiRequest,
    ModelNotFound,
    UnsupportedOperation,
)
from pharia_kernel.types import Caller

_COMPLETE = CompleteRequest("m", "Once")
_EXPLAIN = ExplainRequest("Once", "upon", "m")
_DOWN = Whole(failure("down"), status=503)
_NEVER = BreakerOptions(failures=1_000_000)


def chat(model: str = "m") -> ChatRequest:
    return ChatRequest(model, (Turn("user", "Hi"),))


def says(text: str) -> Described:
    return Described([Whole(chat_answer(text))])


def main(*replies: Reply, **more: Any) -> Described:
    return Described(replies, fall_back=("spare",), **more)


async def test_each_model_is_answered_by_its_backend_under_its_name_there() -> None:
    async with open_routed(
        main=Described([Whole(chat_answer("main"))], models=["gpt-*"], aliases={"fast": "gpt-4.1-mini"}),
        local=Described([Whole(chat_answer("local"))], models=["llama-8b"]),
    ) as routed:
        answers = [(await routed.backend.chat(chat(model), CALLER)).content for model in ("gpt-5", "fast", "llama-8b")]
        assert answers == ["main", "main", "local"]
        assert routed.asked() == {"main": ["gpt-5", "gpt-4.1-mini"], "local": ["llama-8b"]}


async def test_a_model_that_nobody_has_is_not_found_and_the_known_ones_are_named() -> None:
    async with open_routed(main=Described([Hang()], models=["gpt-*"], aliases={"fast": "x"})) as routed:
        with pytest.raises(ModelNotFound, match=r"'claude' is answered by none of the backends \(main: fast, gpt-\*\)"):
            await routed.backend.chat(chat("claude"), CALLER)
        with pytest.raises(ModelNotFound) as raised:
            await anext(routed.backend.chat_stream(chat("x" * 100_000), CALLER))
        assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    "reply",
    [
        _DOWN,
        Whole(failure("oops"), status=500),
        Whole(failure("slow down"), status=429),
        Whole(failure("who are you"), status=401),
        Whole(b"<html>"),
        Hang(),
        Events([], then="reset"),
    ],
)
async def test_a_backend_that_can_not_answer_is_stood_in_for(reply: Reply) -> None:
    spare = Described([Whole(chat_answer("spare")), Events(chat_chunks("spare"))], aliases={"m": "there"})
    async with open_routed(main=main(reply, options={"answer_seconds": 0.3}), spare=spare) as routed:
        assert (await routed.backend.chat(chat(), CALLER)).content == "spare"
        parts = [part async for part in routed.backend.chat_stream(chat(), CALLER)]
        assert TextPart("spare") in parts
        assert routed.asked() == {"main": ["m", "m"], "spare": ["there", "there"]}
        await routed.stubs["main"].until(lambda stub: stub.open == 0)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(400, None, InvalidCsiRequest), (422, None, InvalidCsiRequest), (404, "model_not_found", ModelNotFound)],
)
async def test_a_wrong_request_is_not_sent_to_others(status: int, code: str | None, error: type[CsiError]) -> None:
    async with open_routed(main=main(Whole(failure("no", code), status=status)), spare=says("x")) as routed:
        with pytest.raises(error):
            await routed.backend.chat(chat(), CALLER)
        with pytest.raises(error):
            await anext(routed.backend.chat_stream(chat(), CALLER))
        assert routed.asked()["spare"] == []


async def test_a_request_that_can_not_be_written_is_sent_to_nobody() -> None:
    async with open_routed(main=main(_DOWN), spare=says("x")) as routed:
        stream = routed.backend.chat_stream(ChatRequest("m", (Turn("wizard", "Hi"),)), CALLER)
        with pytest.raises(InvalidCsiRequest):
            await anext(stream)
        assert routed.asked() == {"main": [], "spare": []}


async def test_the_refusal_of_a_callers_token_is_not_answered_by_others() -> None:
    aleph_alpha = main(Whole(failure("no"), status=401), kind="aleph-alpha")
    async with open_routed(main=aleph_alpha, spare=says("x")) as routed:
        for caller in (CALLER, Caller()):
            with pytest.raises(CallerUnauthorized):
                await routed.backend.chat(chat(), caller)
        assert routed.asked() == {"main": ["m"], "spare": []}


async def test_after_the_first_part_nobody_else_is_asked() -> None:
    broken = Events([delta(role="assistant"), delta(content="a")], then="reset")
    async with open_routed(main=main(broken), spare=says("x")) as routed:
        stream = routed.backend.chat_stream(chat(), CALLER)
        assert await anext(stream) == Begin("assistant")
        with pytest.raises(BackendFailed):
            [part async for part in stream]
        assert routed.asked()["spare"] == []


async def test_a_stream_that_breaks_before_its_first_part_is_begun_by_another() -> None:
    spare = Described([Events(chat_chunks("b"))])
    async with open_routed(main=main(Events([b": hello\n\n"], then="reset")), spare=spare) as routed:
        parts = [part async for part in routed.backend.chat_stream(chat(), CALLER)]
        assert parts[:2] == [Begin("assistant"), TextPart("b")]


async def test_backends_are_asked_in_the_order_in_which_they_are_named() -> None:
    async with open_routed(
        first=Described([_DOWN], fall_back=("third", "second")),
        second=says("second"),
        third=Described([_DOWN]),
    ) as routed:
        assert (await routed.backend.chat(chat(), CALLER)).content == "second"
        assert routed.asked() == {"first": ["m"], "second": ["m"], "third": ["m"]}


async def test_if_nobody_can_answer_the_error_is_that_of_the_first_that_could_try() -> None:
    spare = Described([Whole(b"nonsense")])
    async with open_routed(main=main(_DOWN), spare=spare) as routed:
        with pytest.raises(BackendUnavailable, match="backend main"):
            await routed.backend.chat(chat(), CALLER)
        with pytest.raises(BackendUnavailable, match="backend main"):
            await anext(routed.backend.chat_stream(chat(), CALLER))


async def test_explanations_come_from_whoever_can_explain() -> None:
    spare = Described([Whole(explained((0, 4, 0.5)))], kind="aleph-alpha")
    async with open_routed(main=main(Whole(chat_answer("a"))), spare=spare) as routed:
        assert len(await routed.backend.explain(_EXPLAIN, CALLER)) == 1
        assert routed.asked() == {"main": [], "spare": ["m"]}


async def test_a_backend_that_could_explain_but_is_down_is_the_reason() -> None:
    spare = Described([_DOWN], kind="aleph-alpha")
    async with open_routed(main=main(Whole(chat_answer("a"))), spare=spare) as routed:
        with pytest.raises(BackendUnavailable, match="backend spare"):
            await routed.backend.explain(_EXPLAIN, CALLER)


async def test_nobody_who_explains_is_said_clearly() -> None:
    async with open_routed(main=main(Hang()), spare=says("x")) as routed:
        with pytest.raises(UnsupportedOperation, match=r"backend main .* no explanations"):
            await routed.backend.explain(_EXPLAIN, CALLER)


async def test_completions_fall_back_between_kinds() -> None:
    spare = Described([Whole(completed("upon")), Events(completion_events("upon"))], kind="aleph-alpha")
    no_completions = main(Whole({"detail": "Not Found"}, status=404))
    async with open_routed(main=no_completions, spare=spare) as routed:
        assert (await routed.backend.complete(_COMPLETE, CALLER)).text == "upon"
        parts = [part async for part in routed.backend.complete_stream(_COMPLETE, CALLER)]
        assert parts[0] == TextPart("upon")


async def test_a_backend_that_fails_again_and_again_is_left_alone_and_tried_again() -> None:
    replies = [_DOWN, _DOWN, Whole(chat_answer("main"))]
    options = BreakerOptions(failures=2, pause_seconds=10)
    async with open_routed(main=main(*replies, breaker=options), spare=says("spare")) as routed:
        answers = [(await routed.backend.chat(chat(), CALLER)).content for _ in range(5)]
        assert (answers, len(routed.asked()["main"])) == (["spare"] * 5, 2)
        routed.now += 10
        assert (await routed.backend.chat(chat(), CALLER)).content == "main"
        assert len(routed.asked()["main"]) == 3


async def test_a_backend_that_is_left_alone_says_when_to_come_back() -> None:
    breaker = BreakerOptions(failures=1, pause_seconds=3600)
    async with open_routed(main=Described([_DOWN], breaker=breaker)) as routed:
        with pytest.raises(BackendUnavailable, match="503"):
            await routed.backend.chat(chat(), CALLER)
        with pytest.raises(BackendUnavailable, match="tried again in") as raised:
            await routed.backend.chat(chat(), CALLER)
        assert raised.value.retry_after is not None
        assert 3000 < raised.value.retry_after <= 3600
        assert len(routed.asked()["main"]) == 1


async def test_no_more_requests_than_allowed_reach_a_backend() -> None:
    gate = asyncio.Event()
    limited = Described([Whole(chat_answer("a"), until=gate)], concurrent=3, queued=50)
    async with open_routed(main=limited) as routed:
        tasks = [asyncio.create_task(routed.backend.chat(chat(), CALLER)) for _ in range(20)]
        await routed.stubs["main"].until(lambda stub: stub.open == 3)
        gate.set()
        await asyncio.gather(*tasks)
        assert routed.stubs["main"].most_open == 3
        assert len(routed.stubs["main"].received) == 20


async def test_who_finds_the_queue_full_is_answered_by_another_or_refused() -> None:
    def limited(**more: Any) -> Described:
        return Described([Hang()], concurrent=1, queued=0, **more)

    async with open_routed(main=limited(fall_back=("spare",)), spare=says("spare")) as routed:
        task = asyncio.create_task(routed.backend.chat(chat(), CALLER))
        await routed.stubs["main"].until(lambda stub: stub.open == 1)
        assert (await routed.backend.chat(chat(), CALLER)).content == "spare"
        task.cancel()
        await asyncio.wait([task])
    async with open_routed(main=limited()) as routed:
        task = asyncio.create_task(routed.backend.chat(chat(), CALLER))
        await routed.stubs["main"].until(lambda stub: stub.open == 1)
        with pytest.raises(BackendSaturated) as raised:
            await anext(routed.backend.chat_stream(chat(), CALLER))
        assert raised.value.retry_after == 1
        task.cancel()
        await asyncio.wait([task])


async def test_a_stream_holds_its_place_until_it_is_closed() -> None:
    replies = [Events([delta(content="a")], then="hang"), Whole(chat_answer("b"))]
    async with open_routed(main=Described(replies, concurrent=1)) as routed:
        async with aclosing(routed.backend.chat_stream(chat(), CALLER)) as stream:
            await anext(stream)
            waiting = asyncio.create_task(routed.backend.chat(chat(), CALLER))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
        assert (await waiting).content == "b"


async def test_cancelling_reaches_whoever_is_asked_at_the_moment() -> None:
    async with open_routed(main=main(_DOWN), spare=Described([Hang()])) as routed:
        task = asyncio.create_task(routed.backend.chat(chat(), CALLER))
        await routed.stubs["spare"].until(lambda stub: stub.open == 1)
        task.cancel()
        await routed.stubs["spare"].until(lambda stub: stub.open == 0)
        await asyncio.wait([task])
        assert task.cancelled()


async def test_closing_a_stream_reaches_whoever_answers_it() -> None:
    spare = Described([Events([delta(content="a")], then="hang")])
    async with open_routed(main=main(_DOWN), spare=spare) as routed:
        async with aclosing(routed.backend.chat_stream(chat(), CALLER)) as stream:
            await anext(stream)
        await routed.stubs["spare"].until(lambda stub: stub.open == 0)
        assert routed.stubs["spare"].disconnects == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_trace_and_the_log_say_who_answered(streamed: bool, caplog: pytest.LogCaptureFixture) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    spare = Described([Events(chat_chunks("a")) if streamed else Whole(chat_answer("a"))], aliases={"m": "there"})
    async with open_routed(main=main(_DOWN), spare=spare) as routed:
        csi = InvocationCsi(Drivers(routed.backend, Toolbox([]), provider.get_tracer("test")), CALLER, "dev")
        if streamed:
            [part async for part in csi.chat_stream(chat())]
        else:
            await csi.chat([chat()])
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert attributes["inference.backend"] == "spare"
    assert attributes["inference.passed_over"] == ("main: backend-unavailable",)
    assert (attributes["gen_ai.request.model"], attributes["gen_ai.response.model"]) == ("m", "stub-1")
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage().startswith("model m is answered by spare, as there (main: backend main answered 503")


async def test_whoever_answers_at_once_is_in_the_trace_and_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with open_routed(main=says("a")) as routed:
        csi = InvocationCsi(Drivers(routed.backend, Toolbox([]), provider.get_tracer("test")), CALLER, "dev")
        await csi.chat([chat()])
    attributes = dict(spans.get_finished_spans()[0].attributes or {})
    assert attributes["inference.backend"] == "main"
    assert "inference.passed_over" not in attributes
    assert caplog.records == []


async def test_if_one_backend_can_not_be_entered_the_others_are_left() -> None:
    async with open_routed(main=says("a"), spare=says("b")) as routed:
        await routed.backend.chat(chat(), CALLER)
        stub = routed.stubs["main"]
        await routed.backend.__aexit__(None, None, None)
        with pytest.raises(BackendUnavailable, match="closed"):
            await routed.backend.chat(chat(), CALLER)
        assert len(stub.received) == 1


async def test_faults_leave_nothing_behind() -> None:
    rounds, at_once = 200, 20
    faults: list[Reply] = [
        Events([delta(content="leave")], then="hang"),
        Events([delta(content="a")], then="reset"),
        Events([], then="close"),
        Events([b"data: x\n\n"]),
        _DOWN,
    ]
    described = {
        "main": main(*faults * (rounds // len(faults)), breaker=_NEVER, concurrent=10),
        "spare": Described([Events(chat_chunks("b"))], concurrent=10),
    }
    outcomes: Counter[str] = Counter()
    async with open_routed(**described) as routed:
        before = len(asyncio.all_tasks())

        async def ask() -> None:
            try:
                async with aclosing(routed.backend.chat_stream(chat(), CALLER)) as stream:
                    async for part in stream:
                        if part == TextPart("leave"):
                            outcomes["left"] += 1
                            return
                outcomes["answered"] += 1
            except CsiError as error:
                outcomes[error.code] += 1

        for _ in range(rounds // at_once):
            await asyncio.gather(*(ask() for _ in range(at_once)))
        for stub in routed.stubs.values():
            await stub.until(lambda stub: stub.open == 0)
        assert outcomes == {"left": 40, "backend-failed": 40, "answered": 120}
        connected = sum(stub.connected for stub in routed.stubs.values())
        assert len(asyncio.all_tasks()) <= before + connected


async def test_a_time_out_is_a_failure_like_others() -> None:
    async with open_routed(main=Described([Hang()], options={"answer_seconds": 0.05})) as routed:
        with pytest.raises(BackendTimeout):
            await routed.backend.complete(_COMPLETE, CALLER)


async def test_an_answer_that_makes_no_sense_is_an_error_where_nobody_stands_in() -> None:
    async with open_routed(main=Described([Whole(completion_answer("x", finish="exploded"))])) as routed:
        with pytest.raises(BackendAnswerInvalid):
            await routed.backend.complete(_COMPLETE, CALLER)
