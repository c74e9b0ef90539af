"""Traces in Studio, in both generations of its interface."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, Status, StatusCode

from doubles.csi_server import Answer, CsiServer
from pharia_skill import Message
from pharia_skill.errors import SettingMissing, StudioError
from pharia_skill.studio import OutdatedPhariaAI, SpanClient, StudioClient, StudioExporter, StudioSpan
from pharia_skill.studio.span import SpanStatus, double_to_128bit
from pharia_skill.testing import DevCsi

PROJECTS = [{"name": "other", "project_id": "p0"}, {"name": "mine", "project_id": "p1"}]


@pytest.fixture
def studio(csi_server: CsiServer, monkeypatch: pytest.MonkeyPatch) -> CsiServer:
    monkeypatch.setenv("PHARIA_STUDIO_ADDRESS", csi_server.address)
    csi_server.answer("/health", Answer("ok"))
    csi_server.answer("/api/projects", Answer(PROJECTS))
    return csi_server


def span(
    name: str = "haiku",
    parent: int | None = None,
    trace: int = 0xBF1BD6A9821572D268A6B1624B2DB5ED,
    attributes: dict[str, Any] | None = None,
    status: Status = Status(StatusCode.UNSET),  # noqa: B008  # immutable
    events: Sequence[Event] = (),
) -> ReadableSpan:
    return ReadableSpan(
        name=name,
        context=SpanContext(trace, 0x61AA9D8872DF195E if parent else 0x0518819F195C3F15, False),
        parent=SpanContext(trace, parent, False) if parent else None,
        attributes={"input": '{"topic": "oat milk"}', "output": '"…"'} if attributes is None else attributes,
        status=status,
        events=events,
        start_time=1_731_590_233_381_386_000,
        end_time=1_731_590_234_485_530_000,
    )


class Spy(SpanClient):
    def __init__(self) -> None:
        self.traces: list[Sequence[StudioSpan]] = []

    def submit_spans(self, spans: Sequence[StudioSpan]) -> None:
        self.traces.append(spans)


# Spans


def test_an_id_of_64_bits_is_doubled() -> None:
    assert double_to_128bit("0xd1bf874f6554fe2b") == UUID("d1bf874f-6554-fe2b-d1bf-874f6554fe2b")


def test_a_span_is_translated() -> None:
    translated = json.loads(StudioSpan.from_otel(span(parent=0x0518819F195C3F15)).model_dump_json())

    assert translated["context"] == {
        "trace_id": "bf1bd6a9-8215-72d2-68a6-b1624b2db5ed",
        "span_id": "61aa9d88-72df-195e-61aa-9d8872df195e",
    }
    assert translated["parent_id"] == "0518819f-195c-3f15-0518-819f195c3f15"
    assert translated["start_time"].startswith("2024-11-14T13:17:13.381386")
    assert translated["attributes"] == {"type": "TASK_SPAN", "input": {"topic": "oat milk"}, "output": "…"}
    assert translated["status"] == "OK"
    assert translated["events"] == []


def test_an_exception_has_its_type_as_name_and_its_text_as_message() -> None:
    raised = Event("exception", {"exception.type": "ValueError", "exception.message": "out of cheese"}, 1)
    translated = StudioSpan.from_otel(
        span(attributes={"input": "{}"}, status=Status(StatusCode.ERROR, "out of cheese"), events=[raised])
    )

    assert translated.status is SpanStatus.ERROR
    assert translated.events[0].name == "ValueError"
    assert translated.events[0].message == "out of cheese"
    assert translated.attributes.output is None


def test_a_span_that_follows_the_conventions_for_models_has_input_and_output_too() -> None:
    translated = StudioSpan.from_otel(
        span(attributes={"gen_ai.request.model": "m", "gen_ai.content.completion": "hi", "other": 1})
    )

    assert translated.attributes.input == {"gen_ai.request.model": "m"}
    assert translated.attributes.output == {"gen_ai.content.completion": "hi"}


# The older exporter


def test_a_trace_is_submitted_when_its_outermost_span_has_ended() -> None:
    spy = Spy()
    exporter = StudioExporter(spy)

    exporter.export([span("complete", parent=0x0518819F195C3F15)])
    assert spy.traces == []
    exporter.export([span("haiku")])

    assert [[part.name for part in trace] for trace in spy.traces] == [["complete", "haiku"]]


def test_traces_are_kept_apart() -> None:
    spy = Spy()
    exporter = StudioExporter(spy)

    exporter.export([span("complete", parent=1), span("other", trace=7)])

    assert [[part.name for part in trace] for trace in spy.traces] == [["other"]]
    exporter.shutdown()
    assert exporter.spans == {}


# The client


def test_a_project_is_found_by_its_name(studio: CsiServer) -> None:
    assert StudioClient("mine").project_id == "p1"
    assert studio.paths == ["/health", "/api/projects"]
    assert {asked.headers["authorization"] for asked in studio.asked} == {"Bearer a-secret-token"}
    assert {asked.headers["accept"] for asked in studio.asked} == {"application/json"}


def test_a_project_that_is_not_there_is_named(studio: CsiServer) -> None:
    with pytest.raises(ValueError, match="Project nobodys was not available"):
        _ = StudioClient("nobodys").project_id


@pytest.mark.parametrize("answer", [Answer("p2"), Answer('"p2"', headers={})])
def test_a_project_is_made_when_it_is_missing(studio: CsiServer, answer: Answer) -> None:
    studio.answer("/api/projects", Answer([]), answer)

    assert StudioClient.with_project("mine").project_id == "p2"
    assert studio.asked[-1].json == {"name": "mine", "description": None}


def test_a_project_that_exists_is_not_made_again(studio: CsiServer) -> None:
    studio.answer("/api/projects", Answer("", 409))

    with pytest.raises(ValueError, match="Project already exists"):
        StudioClient("mine").create_project("mine")


def test_a_project_is_deleted(studio: CsiServer) -> None:
    studio.answer("/api/projects/p1", Answer(""))

    StudioClient("mine").delete_project()

    assert studio.asked[-1].method == "DELETE"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("studio.example", "The given url of the studio client is invalid. Make sure to include http:// in your url."),
        ("http://127.0.0.1:9", "The given url of the studio client does not point to a server."),
    ],
)
def test_an_address_that_leads_nowhere_is_told_at_once(
    studio: CsiServer, monkeypatch: pytest.MonkeyPatch, address: str, text: str
) -> None:
    monkeypatch.setenv("PHARIA_STUDIO_ADDRESS", address)

    with pytest.raises(StudioError) as caught:
        StudioClient("mine")
    assert str(caught.value) == text


def test_a_studio_that_is_not_well_is_told_at_once(studio: CsiServer) -> None:
    studio.answer("/health", Answer("starting", 503))

    with pytest.raises(ValueError, match="does not point to a healthy studio: 503: starting"):
        StudioClient("mine")


@pytest.mark.parametrize("name", ["PHARIA_STUDIO_ADDRESS", "PHARIA_AI_TOKEN"])
def test_missing_settings_are_named(studio: CsiServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(SettingMissing, match=name) as caught:
        StudioClient("mine")
    assert isinstance(caught.value, KeyError)


def test_a_refusal_says_what_was_refused(studio: CsiServer) -> None:
    studio.answer("/api/projects", Answer("who are you, a-secret-token?", 401))

    with pytest.raises(ValueError, match=r"GET /api/projects with 401: who are you, \*\*\*\?"):
        StudioClient.with_project("mine")


# Uploads


def test_a_studio_with_otlp_gets_otlp(studio: CsiServer) -> None:
    studio.answer("/api/projects/p1/traces_v2", Answer({"traces": ["t1"]}))
    client = StudioClient.with_project("mine")

    assert client.list_traces() == ["t1"]
    assert isinstance(client.exporter(), OTLPSpanExporter)
    assert client.trace_endpoint == f"{studio.address}/api/projects/p1/traces_v2"


def test_a_studio_without_otlp_is_told_apart(studio: CsiServer) -> None:
    client = StudioClient.with_project("mine")

    with pytest.raises(OutdatedPhariaAI, match="251000"):
        client.assert_new_trace_endpoint_is_available()
    assert isinstance(client.exporter(), StudioExporter)


def test_a_trace_is_uploaded_in_the_older_json(studio: CsiServer) -> None:
    studio.answer("/api/projects/p1/traces", Answer("", 201))

    StudioClient("mine").submit_spans([StudioSpan.from_otel(span())])

    (uploaded,) = studio.asked[-1].json
    assert uploaded["name"] == "haiku"
    assert uploaded["attributes"]["type"] == "TASK_SPAN"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (409, "Trace with id bf1bd6a9-8215-72d2-68a6-b1624b2db5ed already exists."),
        (422, "Uploading the trace failed with 422. Response: no"),
        (500, "Studio answered POST /api/projects/p1/traces with 500: no"),
    ],
)
def test_an_upload_that_is_refused_is_an_error(studio: CsiServer, status: int, text: str) -> None:
    studio.answer("/api/projects/p1/traces", Answer("no", status))

    with pytest.raises(StudioError) as caught:
        StudioClient("mine").submit_spans([StudioSpan.from_otel(span())])
    assert str(caught.value).startswith(text)


def test_an_empty_trace_is_not_uploaded(studio: CsiServer) -> None:
    with pytest.raises(ValueError, match="Tried to upload an empty trace"):
        StudioClient("mine").submit_spans([])


@pytest.mark.usefixtures("fresh_tracing")
@pytest.mark.parametrize("is_old", [False, True])
def test_a_csi_with_a_project_sends_its_traces_there(studio: CsiServer, is_old: bool) -> None:
    route = "/api/projects/p1/traces" if is_old else "/api/projects/p1/traces_v2"
    studio.answer(route, Answer({"traces": []}))
    chat = {
        "message": {"role": "assistant", "content": "Hello"},
        "finish_reason": "stop",
        "logprobs": [],
        "usage": {"prompt": 1, "completion": 1},
    }
    studio.answer("/csi/v2/chat", Answer([chat]))

    csi = DevCsi(project="mine")
    with csi.observe_skill("haiku", lambda: "{}"):
        csi.chat("model", [Message.user("Hi")])

    uploads = [asked for asked in studio.asked if asked.path == route and asked.method == "POST"]
    assert [b"haiku" in upload.body for upload in uploads] == ([True] if is_old else [False, True])
    assert {upload.headers["authorization"] for upload in uploads} == {"Bearer a-secret-token"}


@pytest.mark.usefixtures("fresh_tracing")
def test_the_oldest_way_to_name_a_project_still_works(studio: CsiServer) -> None:
    text = r"^`DevCsi\.with_studio` is deprecated\. Use `DevCsi\(project=\.\.\.\)` instead\.$"
    with pytest.warns(DeprecationWarning, match=text):
        DevCsi.with_studio("mine")
    assert isinstance(DevCsi.existing_exporter(), StudioExporter)
