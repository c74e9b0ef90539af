"""The attributes by which Logfire and Langfuse show a conversation as one."""

from __future__ import annotations

import json

from opentelemetry.trace import Span

from pharia_skill.csi.inference import Message

_SCHEMA = json.dumps({"type": "object", "properties": {"events": {"type": "array"}}})


def set_logfire_attributes(span: Span, input_messages: list[Message], output_message: Message) -> None:
    events = [
        {"event.name": f"gen_ai.{message.role.value}.message", **message.as_gen_ai_otel_attributes()}
        for message in input_messages
    ]
    events.append({"event.name": "gen_ai.choice", **output_message.as_gen_ai_otel_attributes()})
    span.set_attribute("events", json.dumps(events))
    span.set_attribute("logfire.json_schema", _SCHEMA)
