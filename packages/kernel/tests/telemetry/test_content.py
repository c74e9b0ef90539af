from __future__ import annotations

import json

from opentelemetry.sdk.trace import TracerProvider

from pharia_kernel.telemetry.content import INPUT_MESSAGES, MOST, OUTPUT_MESSAGES, answered, said


def test_messages_are_shown_as_json_and_nothing_said_is_an_empty_text() -> None:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("chat")
    said(span, [("system", "a"), ("assistant", None), ("user", '"b"')])
    answered(span, None)
    attributes = dict(span.attributes or {})  # type: ignore[attr-defined]
    assert json.loads(attributes[INPUT_MESSAGES]) == [
        {"role": "system", "content": "a"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": '"b"'},
    ]
    assert attributes[OUTPUT_MESSAGES] == '[{"role":"assistant","content":""}]'


def test_a_message_is_not_shown_beyond_what_collectors_take() -> None:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("chat")
    answered(span, "x" * (MOST + 1))
    attributes = dict(span.attributes or {})  # type: ignore[attr-defined]
    assert len(json.loads(attributes[OUTPUT_MESSAGES])[0]["content"]) == MOST
