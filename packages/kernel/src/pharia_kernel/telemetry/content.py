"""What was said to models and by them, as span attributes. Only where the operator asked for it.

The form is the original's: JSON arrays of ``{"role", "content"}``, without tool calls and reasoning.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from opentelemetry.trace import Span

INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"

MOST = 32_768
"""Characters of one message; collectors refuse requests that are too large, with all the spans in them."""


def said(span: Span, turns: Iterable[tuple[str, str | None]]) -> None:
    """Pairs of role and content."""
    span.set_attribute(INPUT_MESSAGES, _messages(turns))


def answered(span: Span, content: str | None) -> None:
    span.set_attribute(OUTPUT_MESSAGES, _messages([("assistant", content)]))


def _messages(turns: Iterable[tuple[str, str | None]]) -> str:
    return msgspec.json.encode([{"role": role, "content": (content or "")[:MOST]} for role, content in turns]).decode()
