"""Server-sent events in the OpenAPI document.

In version 3.1 a stream has no words of its own, so the schema of ``text/event-stream`` is that of each event, as the
tools that read it expect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pharia_kernel.api.operation import Json


def any_of_events(events: Iterable[tuple[str, Json]]) -> Json:
    """``events`` are names and schemas of the data; ``error``, which ends every stream that failed, is added."""
    problem = {"$ref": "#/components/schemas/StreamProblem"}
    return {"anyOf": [_event(name, data) for name, data in (*events, ("error", problem))]}


def event_stream(schema: Json, example: Any) -> Json:
    """The answer of an operation that streams; its description says what the reader has to know of every stream."""
    return {
        "description": "Server-sent events in the order in which they happened; the schema is that of each of them. A "
        "failure is an `error` event, the last one. Idle connections are kept open with comments or empty lines.",
        "content": {"text/event-stream": {"schema": schema, "example": example}},
    }


def _event(name: str, data: Json) -> Json:
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {"type": "object", "required": ["event", "data"], "properties": {"event": {"const": name}, "data": text}}
