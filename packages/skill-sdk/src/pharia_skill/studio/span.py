"""Spans in the JSON that Studio took before it took OTLP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

from opentelemetry.sdk.trace import Event as OtelEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode
from pydantic import BaseModel, RootModel

_OUTPUTS = ("gen_ai.output.messages", "gen_ai.content.completion", "gen_ai.response.", "gen_ai.usage.")


class SpanStatus(Enum):
    """Studio has no status for spans that say nothing; they went well."""

    OK = "OK"
    ERROR = "ERROR"


class Context(BaseModel):
    trace_id: UUID
    span_id: UUID


class TaskSpanAttributes(BaseModel):
    type: str = "TASK_SPAN"
    input: Any
    output: Any | None = None


class Event(BaseModel):
    """An exception has its type as name, and its text as message."""

    name: str
    timestamp: datetime
    body: dict[str, Any]
    message: str = ""


class StudioSpan(BaseModel):
    context: Context
    name: str | None
    parent_id: UUID | None
    start_time: datetime
    end_time: datetime
    attributes: TaskSpanAttributes
    events: Sequence[Event]
    status: SpanStatus

    @classmethod
    def from_otel(cls, span: ReadableSpan) -> Self:
        """Raises ``ValueError`` for a span without a context, which no trace holds."""
        if span.context is None:
            raise ValueError(f"Span has no context: {span.name}")
        attributes = dict(span.attributes or {})
        return cls(
            context=Context(trace_id=UUID(int=span.context.trace_id), span_id=_doubled(span.context.span_id)),
            name=span.name,
            parent_id=_doubled(span.parent.span_id) if span.parent is not None else None,
            start_time=_moment(span.start_time),
            end_time=_moment(span.end_time),
            attributes=TaskSpanAttributes(input=_input(attributes), output=_output(attributes)),
            events=[_event(event) for event in span.events],
            status=SpanStatus.ERROR if span.status.status_code is StatusCode.ERROR else SpanStatus.OK,
        )


StudioSpanList = RootModel[Sequence[StudioSpan]]


def double_to_128bit(double_str: str) -> UUID:
    """Studio's ids are as long as a UUID: the 64 bits, given as hexadecimal text, twice."""
    return _doubled(int(double_str, 16))


def _doubled(identity: int) -> UUID:
    return UUID(int=identity << 64 | identity)


def _moment(nanoseconds: int | None) -> datetime:
    return datetime.fromtimestamp((nanoseconds or 0) / 1e9, UTC)


def _event(event: OtelEvent) -> Event:
    body = dict(event.attributes or {})
    return Event(
        name=str(body.get("exception.type", event.name)),
        timestamp=_moment(event.timestamp),
        body=body,
        message=str(body.get("exception.message", "")),
    )


def _input(attributes: Mapping[str, Any]) -> Any:
    """JSON that was noted as such, or what the conventions for models say of the request."""
    if "input" in attributes:
        return json.loads(attributes["input"])
    return {name: value for name, value in _gen_ai(attributes).items() if not name.startswith(_OUTPUTS)}


def _output(attributes: Mapping[str, Any]) -> Any:
    if "output" in attributes:
        return json.loads(attributes["output"])
    return {name: value for name, value in _gen_ai(attributes).items() if name.startswith(_OUTPUTS)} or None


def _gen_ai(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name.startswith("gen_ai.")}
