"""Spans of skills and calls, and where they go."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import BaseModel

from doubles.csi_server import Answer, CsiServer
from pharia_skill import (
    ChatParams,
    CompletionParams,
    CompletionRequest,
    Csi,
    IndexPath,
    Message,
    MessageWriter,
    message_stream,
    skill,
)
from pharia_skill.errors import SettingInvalid
from pharia_skill.testing import DevCsi, MessageRecorder
from pharia_skill.testing.dev.client import CsiClient, Event
from pharia_skill.testing.dev.console import ConsoleExporter
from pharia_skill.testing.dev.csi import PhariaSkillProcessor
from pharia_skill.testing.dev.exporters import exporter_of
from pharia_skill.testing.dev.observation import SkillSpan

pytestmark = pytest.mark.usefixtures("fresh_tracing")

MODEL = "llama-3.1-8b-instruct"
COMPLETION = {"text": "Hello, world!", "finish_reason": "stop", "logprobs": [], "usage": {"prompt": 1, "completion": 2}}
CHAT = {
    "message": {"role": "assistant", "content": "Hello, world!"},
    "finish_reason": "stop",
    "logprobs": [],
    "usage": {"prompt": 1, "completion": 2},
}
CHAT_EVENTS = [
    Event(event="message_begin", data={"role": "assistant"}),
    Event(event="message_append", data={"content": "Hello, ", "logprobs": []}),
    Event(event="message_append", data={"content": "world!", "logprobs": []}),
    Event(event="message_end", data={"finish_reason": "stop"}),
    Event(event="usage", data={"usage": {"prompt": 1, "completion": 2}}),
]


class Client(CsiClient):
    """Answers ``search``, ``complete`` and ``chat``; a function that ``fails`` raises, a stream after its events."""

    def __init__(self, *fails: str, events: list[Event] | None = None) -> None:
        self.fails = fails
        self.events = events or []

    def run(self, function: str, data: Any) -> Any:
        if function in self.fails:
            raise RuntimeError("Out of cheese")
        return {"search": [[]], "complete": [COMPLETION] * len(data), "chat": [CHAT]}[function]

    def stream(self, function: str, data: Any) -> Generator[Event, None, None]:
        if function in self.fails:
            raise RuntimeError("Out of cheese")
        return self._stream()

    def _stream(self) -> Generator[Event, None, None]:
        yield from self.events
        if "reading" in self.fails:
            raise RuntimeError("Out of cheese")


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.all]

    @property
    def one(self) -> ReadableSpan:
        (span,) = self.all
        return span


@pytest.fixture
def spans() -> Spans:
    spans = Spans()
    DevCsi.set_span_exporter(spans.exporter)
    return spans


def csi(*fails: str, events: list[Event] | None = None) -> DevCsi:
    return DevCsi._with_client(Client(*fails, events=events))


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def observed(csi: DevCsi, name: str, writer: object | None = None) -> AbstractContextManager[SkillSpan]:
    """What the decorators do with a function outside of a component."""
    return csi.observe_skill(name, lambda: '{"topic":"oat milk"}', writer)


def stream(csi: Csi, writer: MessageWriter[None]) -> None:
    with csi.chat_stream_step(MODEL, [Message.user("oat milk")], ChatParams()) as response:
        writer.forward_response(response)


class Input(BaseModel):
    topic: str


@skill
def haiku(csi: Csi, input: Input) -> str:
    csi.search(IndexPath("n", "c", "i"), input.topic)
    return csi.complete(MODEL, input.topic).text


@message_stream
def haiku_stream(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
    stream(csi, writer)


def test_a_decorated_function_is_observed(spans: Spans) -> None:
    assert haiku(csi(), Input(topic="oat milk")) == "Hello, world!"

    assert spans.names == ["search", f"text_completion {MODEL}", "haiku"]
    assert attributes(spans.all[2]) == {"input": '{"topic":"oat milk"}', "output": '"Hello, world!"'}


def test_a_decorated_stream_is_observed(spans: Spans) -> None:
    haiku_stream(csi(events=CHAT_EVENTS), MessageRecorder(), Input(topic="oat milk"))

    assert spans.names == [f"chat {MODEL}", "haiku_stream"]
    assert attributes(spans.all[1])["input"] == '{"topic":"oat milk"}'
    assert json.loads(attributes(spans.all[1])["output"])["content"] == "Hello, world!"


def test_a_decorated_function_that_fails_is_observed_too(spans: Spans) -> None:
    with pytest.raises(RuntimeError, match="Out of cheese"):
        haiku(csi("complete"), Input(topic="oat milk"))

    assert [span.status.is_ok for span in spans.all] == [True, False, False]


def test_a_call_is_a_span_with_request_and_answer(spans: Spans) -> None:
    csi().search(IndexPath("n", "c", "i"), "query")

    assert spans.one.name == "search"
    assert spans.one.status.is_ok
    assert json.loads(attributes(spans.one)["input"])[0]["query"] == "query"
    assert attributes(spans.one)["output"] == "[[]]"


def test_a_completion_follows_the_conventions_for_models(spans: Spans) -> None:
    csi().complete(MODEL, "Say hello to Bob", CompletionParams(max_tokens=64))

    assert spans.one.name == f"text_completion {MODEL}"
    noted = attributes(spans.one)
    assert noted["gen_ai.operation.name"] == "text_completion"
    assert noted["gen_ai.request.model"] == MODEL
    assert noted["gen_ai.request.max_tokens"] == 64
    assert noted["gen_ai.content.prompt"] == "Say hello to Bob"
    assert noted["gen_ai.content.completion"] == "Hello, world!"
    assert noted["gen_ai.response.finish_reasons"] == ("stop",)
    assert noted["gen_ai.usage.input_tokens"] == 1
    assert noted["gen_ai.usage.output_tokens"] == 2


def test_a_chat_can_be_shown_as_a_conversation(spans: Spans) -> None:
    csi().chat(MODEL, [Message.user("Hi")])

    assert spans.one.name == f"chat {MODEL}"
    noted = attributes(spans.one)
    assert json.loads(noted["gen_ai.input.messages"]) == [{"role": "user", "content": "Hi"}]
    assert json.loads(noted["gen_ai.output.messages"]) == [{"role": "assistant", "content": "Hello, world!"}]
    assert json.loads(noted["events"]) == [
        {"event.name": "gen_ai.user.message", "role": "user", "content": "Hi"},
        {"event.name": "gen_ai.choice", "role": "assistant", "content": "Hello, world!"},
    ]
    assert json.loads(noted["logfire.json_schema"]) == {
        "type": "object",
        "properties": {"events": {"type": "array"}},
    }


def test_several_requests_are_one_span_with_their_json(spans: Spans) -> None:
    request = CompletionRequest(MODEL, "prompt")
    csi().complete_concurrent([request, request])

    assert spans.one.name == "text_completion"
    assert len(json.loads(attributes(spans.one)["input"])) == 2
    assert len(json.loads(attributes(spans.one)["output"])) == 2


def test_the_calls_of_a_skill_are_its_children(spans: Spans) -> None:
    dev_csi = csi()
    with observed(dev_csi, "haiku") as span:
        dev_csi.search(IndexPath("n", "c", "i"), "query")
        dev_csi.complete_concurrent([CompletionRequest(MODEL, "p"), CompletionRequest(MODEL, "p")])
        span.output('{"haiku":"…"}')

    assert spans.names == ["search", "text_completion", "haiku"]
    search, complete, skill = spans.all
    assert skill.parent is None
    assert search.parent is not None
    assert complete.parent is not None
    assert search.parent.span_id == complete.parent.span_id == skill.context.span_id
    assert attributes(skill) == {"input": '{"topic":"oat milk"}', "output": '{"haiku":"…"}'}


def test_a_failing_call_marks_itself_and_the_skill(spans: Spans) -> None:
    dev_csi = csi("complete")

    def skill() -> None:
        with observed(dev_csi, "haiku"):
            dev_csi.search(IndexPath("n", "c", "i"), "query")
            dev_csi.complete(MODEL, "prompt")

    with pytest.raises(RuntimeError, match="Out of cheese"):
        skill()

    assert spans.names == ["search", f"text_completion {MODEL}", "haiku"]
    assert [span.status.is_ok for span in spans.all] == [True, False, False]
    assert "Out of cheese" in (spans.all[1].status.description or "")


def test_a_streaming_skill_has_its_messages_as_output(spans: Spans) -> None:
    dev_csi = csi(events=CHAT_EVENTS)
    recorder = MessageRecorder[None]()
    with observed(dev_csi, "haiku_stream", recorder):
        stream(dev_csi, recorder)

    chat, skill = spans.all
    assert [chat.name, skill.name] == [f"chat {MODEL}", "haiku_stream"]
    assert chat.status.is_ok
    assert skill.status.is_ok
    assert chat.parent is not None
    assert chat.parent.span_id == skill.context.span_id
    assert attributes(skill)["output"] == ('{"role":"assistant","content":"Hello, world!","reasoning_content":""}')
    assert [event.name for event in skill.events] == [
        "message_begin",
        "message_append",
        "message_append",
        "message_end",
    ]
    assert dict(skill.events[1].attributes or {}) == {"text": "Hello, "}


def test_a_chat_stream_notes_what_came(spans: Spans) -> None:
    with csi(events=CHAT_EVENTS).chat_stream_step(MODEL, [Message.user("Hi")]) as response:
        list(response.stream())

    noted = attributes(spans.one)
    assert json.loads(noted["gen_ai.output.messages"]) == [{"role": "assistant", "content": "Hello, world!"}]
    assert json.loads(noted["events"])[-1]["content"] == "Hello, world!"
    assert noted["gen_ai.response.finish_reasons"] == ("stop",)
    assert noted["gen_ai.usage.output_tokens"] == 2
    assert json.loads(noted["langfuse.observation.completion_start_time"])


def test_a_completion_stream_notes_what_came(spans: Spans) -> None:
    events = [
        Event(event="append", data={"text": "Hello, ", "logprobs": []}),
        Event(event="append", data={"text": "world!", "logprobs": []}),
        Event(event="end", data={"finish_reason": "stop"}),
        Event(event="usage", data={"usage": {"prompt": 1, "completion": 1}}),
    ]
    with csi(events=events).completion_stream(MODEL, "How many fish?") as response:
        list(response.stream())

    noted = attributes(spans.one)
    assert spans.one.name == f"text_completion {MODEL}"
    assert noted["gen_ai.content.prompt"] == "How many fish?"
    assert noted["gen_ai.content.completion"] == "Hello, world!"
    assert noted["gen_ai.response.finish_reasons"] == ("stop",)
    assert noted["gen_ai.usage.input_tokens"] == 1


def test_a_stream_without_a_block_ends_its_span_when_it_is_read(spans: Spans) -> None:
    response = csi(events=CHAT_EVENTS).chat_stream_step(MODEL, [Message.user("Hi")])
    assert spans.all == []

    list(response.stream())

    assert spans.one.status.is_ok


def test_a_stream_that_is_read_in_a_block_ends_its_span_once(spans: Spans, caplog: pytest.LogCaptureFixture) -> None:
    with csi(events=CHAT_EVENTS).chat_stream_step(MODEL, [Message.user("Hi")]) as response:
        list(response.stream())

    assert len(spans.all) == 1
    assert caplog.records == []


def test_a_stream_that_is_left_early_ends_its_span(spans: Spans) -> None:
    with csi(events=CHAT_EVENTS).chat_stream_step(MODEL, [Message.user("Hi")]) as response:
        next(response.stream())

    assert json.loads(attributes(spans.one)["gen_ai.output.messages"])[0]["content"] == "Hello, "
    assert spans.one.status.is_ok


@pytest.mark.parametrize("ask", ["chat_stream", "completion_stream"])
def test_a_stream_that_can_not_be_opened_is_one_failed_span(spans: Spans, ask: str) -> None:
    failing = csi("chat_stream", "completion_stream")
    calls: dict[str, Callable[[], object]] = {
        "chat_stream": lambda: failing.chat_stream_step(MODEL, [Message.user("Hi")]),
        "completion_stream": lambda: failing.completion_stream(MODEL, "prompt"),
    }
    with pytest.raises(RuntimeError, match="Out of cheese"):
        calls[ask]()

    assert spans.one.status.status_code is StatusCode.ERROR


def test_a_stream_that_fails_marks_itself_and_the_skill(spans: Spans) -> None:
    dev_csi = csi("reading", events=CHAT_EVENTS[:1])
    recorder = MessageRecorder[None]()
    with pytest.raises(RuntimeError, match="Out of cheese"), observed(dev_csi, "haiku_stream", recorder):
        stream(dev_csi, recorder)

    assert [span.status.is_ok for span in spans.all] == [False, False]


def test_an_exception_of_the_reader_marks_the_stream(spans: Spans) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        csi(events=CHAT_EVENTS).chat_stream_step(MODEL, [Message.user("Hi")]),
    ):
        raise ZeroDivisionError

    assert not spans.one.status.is_ok


def test_an_answer_of_another_shape_marks_the_span(spans: Spans) -> None:
    with pytest.raises(ValueError, match="Unexpected event"):
        csi(events=[Event(event="surprise", data={})]).chat_stream_step(MODEL, [Message.user("Hi")])

    assert not spans.one.status.is_ok


# Where they go


def processors() -> list[PhariaSkillProcessor]:
    own = DevCsi.provider()._active_span_processor._span_processors
    return [processor for processor in own if isinstance(processor, PhariaSkillProcessor)]


def test_there_is_never_more_than_one_exporter() -> None:
    first, second = InMemorySpanExporter(), InMemorySpanExporter()
    DevCsi.set_span_exporter(first)
    DevCsi.set_span_exporter(first)
    assert len(processors()) == 1
    assert DevCsi.existing_exporter() is first

    csi().set_span_exporter(second)
    assert len(DevCsi.provider()._active_span_processor._span_processors) == 1
    assert DevCsi.existing_exporter() is second

    csi().search(IndexPath("n", "c", "i"), "query")
    assert len(first.get_finished_spans()) == 0
    assert len(second.get_finished_spans()) == 1


class Unreliable(InMemorySpanExporter):
    """A collector that is away until ``outcome`` says otherwise."""

    outcome: SpanExportResult | Exception = SpanExportResult.FAILURE

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        super().export(spans)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize("outcome", [SpanExportResult.FAILURE, ConnectionError("away")])
def test_skills_do_not_wait_for_a_collector_that_is_away(outcome: Any) -> None:
    now = 100.0
    exporter = Unreliable()
    exporter.outcome = outcome
    DevCsi.provider().add_span_processor(PhariaSkillProcessor(exporter, pause=60, clock=lambda: now))

    def tries() -> int:
        csi().search(IndexPath("n", "c", "i"), "query")
        return len(exporter.get_finished_spans())

    assert [tries(), tries()] == [1, 1]
    now, exporter.outcome = 161.0, SpanExportResult.SUCCESS
    assert [tries(), tries()] == [2, 3]


def test_another_exporter_does_not_suffer_for_the_first() -> None:
    DevCsi.set_span_exporter(Unreliable())
    csi().search(IndexPath("n", "c", "i"), "query")
    second = InMemorySpanExporter()
    DevCsi.set_span_exporter(second)

    csi().search(IndexPath("n", "c", "i"), "query")

    assert len(second.get_finished_spans()) == 1


@pytest.mark.usefixtures("csi_server")
def test_without_settings_spans_go_nowhere_and_nothing_is_set_up() -> None:
    from opentelemetry import trace

    DevCsi()

    assert trace._TRACER_PROVIDER is None


def test_the_variables_of_opentelemetry_say_where_spans_go(csi_server: CsiServer, monkeypatch: Any) -> None:
    csi_server.answer("/v1/traces", Answer(""))
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", csi_server.address)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20abc")

    DevCsi().complete(MODEL, "prompt")
    DevCsi().complete(MODEL, "prompt")

    assert isinstance(DevCsi.existing_exporter(), OTLPSpanExporter)
    uploads = [asked for asked in csi_server.asked if asked.path == "/v1/traces"]
    assert len(uploads) == 2
    assert uploads[0].headers["authorization"] == "Basic abc"
    assert MODEL.encode() in uploads[0].body


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, None),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, None),
        ({"OTEL_TRACES_EXPORTER": "console"}, ConsoleExporter),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, OTLPSpanExporter),
        ({"OTEL_TRACES_EXPORTER": "OTLP"}, OTLPSpanExporter),
    ],
)
def test_the_choice_of_an_exporter(environ: dict[str, str], kind: type | None) -> None:
    exporter = exporter_of(environ)

    assert exporter is None if kind is None else isinstance(exporter, kind)


def test_an_exporter_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingInvalid, match="OTEL_TRACES_EXPORTER is 'zipkin'"):
        exporter_of({"OTEL_TRACES_EXPORTER": "zipkin"})


@pytest.fixture
def out() -> io.StringIO:
    text = io.StringIO()
    DevCsi.set_span_exporter(ConsoleExporter(text))
    return text


def test_the_console_shows_a_tree_with_times_and_tokens(out: io.StringIO) -> None:
    dev_csi = csi("chat")

    def skill() -> None:
        with observed(dev_csi, "haiku"):
            dev_csi.complete(MODEL, "prompt")
            dev_csi.complete(MODEL, "prompt")
            assert out.getvalue() == ""
            dev_csi.chat(MODEL, [Message.user("Hi")])

    with pytest.raises(RuntimeError):
        skill()

    lines = out.getvalue().splitlines()
    assert lines[0].startswith("haiku  ")
    assert lines[0].endswith("failed: RuntimeError: Out of cheese")
    assert lines[1].startswith(f"  text_completion {MODEL}  ")
    assert lines[1].endswith(" ms  1 tokens in, 2 out")
    assert lines[3].startswith(f"  chat {MODEL}  ")
    assert lines[4] == "2 tokens in, 4 out"
