"""What the OpenAPI document says about events is what is written."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from pharia_kernel.api.csi.events import encode_part
from pharia_kernel.api.csi.functions import STREAMS
from pharia_kernel.api.openapi import openapi_document
from pharia_kernel.api.sse import encode_event
from pharia_kernel.csi import types as csi
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import (
    Failed,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    Reasoning,
    StreamEvent,
    ToolBegin,
    ToolEnd,
    ToolFailed,
)

MESSAGE_STREAM = "/v1/skills/{namespace}/{name}/message-stream"
EVENTS: list[StreamEvent] = [
    MessageBegin(),
    MessageAppend("text"),
    MessageEnd(),
    Reasoning("hm"),
    ToolBegin("add"),
    ToolEnd("add"),
    ToolFailed("add", "no"),
    Failed(NotConfigured("no model")),
]
PARTS: list[csi.Part] = [
    csi.Begin("assistant"),
    csi.TextPart("text", (csi.TokenLogprob(csi.Logprob(b"\xf0", -0.5), (csi.Logprob(b"a", float("nan")),)),)),
    csi.ReasoningPart("hm"),
    csi.ToolCallPart((csi.ToolCallChunk(0, "id", "add"), csi.ToolCallChunk(0, arguments="{}"))),
    csi.End("content-filter"),
    csi.Used(csi.Usage(3, 2)),
]


def data_schemas(path: str, name: str) -> list[Any]:
    """Of the events with that name."""
    document = openapi_document()
    schema = document["paths"][path]["post"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    found = [event["properties"] for event in schema["anyOf"] if event["properties"]["event"]["const"] == name]
    return [{**one["data"]["contentSchema"], "components": document["components"]} for one in found]


def check(path: str, event: bytes) -> None:
    name, data = event.decode().removesuffix("\n\n").split("\n")
    (schema,) = data_schemas(path, name.removeprefix("event: "))
    value = json.loads(data.removeprefix("data: "))
    jsonschema.validate(value, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([value], schema)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_of_message_streams_have_the_documented_shape(event: StreamEvent) -> None:
    check(MESSAGE_STREAM, encode_event(event))


@pytest.mark.parametrize("version", STREAMS)
@pytest.mark.parametrize("name", ["completion_stream", "chat_stream"])
def test_parts_have_the_documented_shape(version: str, name: str) -> None:
    written = [encode_part(STREAMS[version][name].events, part) for part in PARTS]
    events = [event for event in written if event is not None]
    assert len(events) == len(STREAMS[version][name].events)
    for event in events:
        check(f"/csi/{version}/{name}", event)
