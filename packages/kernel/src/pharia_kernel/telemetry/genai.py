"""Spans of model requests, with the attribute names of OpenTelemetry's GenAI conventions. Never any content here."""

from __future__ import annotations

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

OPERATION = "gen_ai.operation.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_TOP_P = "gen_ai.request.top_p"
REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty"
REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOOL_NAME = "gen_ai.tool.name"
ERROR_TYPE = "error.type"
BACKEND = "inference.backend"
"""Which of several backends answered, or refused the request."""
PASSED_OVER = "inference.passed_over"
"""``NAME: CODE`` of each backend that was asked before and could not answer."""

CHAT = "chat"
TEXT_COMPLETION = "text_completion"
EXECUTE_TOOL = "execute_tool"
EXPLAIN = "explain"
EMBEDDINGS = "embeddings"


def begin(tracer: Tracer, operation: str, model: str, parameters: dict[str, AttributeValue | None]) -> Span:
    """A span that the caller ends; child of the current one. Parameters that are None were not given."""
    span = tracer.start_span(operation, kind=SpanKind.CLIENT)
    if span.is_recording():
        attributes: dict[str, AttributeValue] = {OPERATION: operation, REQUEST_MODEL: model}
        attributes.update((name, value) for name, value in parameters.items() if value is not None)
        span.set_attributes(attributes)
    return span


def finished(span: Span, reason: str) -> None:
    if span.is_recording():
        span.set_attribute(RESPONSE_FINISH_REASONS, [reason.replace("-", "_")])


def used(span: Span, input_tokens: int, output_tokens: int, model: str | None) -> None:
    if not span.is_recording():
        return
    span.set_attribute(INPUT_TOKENS, input_tokens)
    span.set_attribute(OUTPUT_TOKENS, output_tokens)
    if model is not None:
        span.set_attribute(RESPONSE_MODEL, model)


def failed(span: Span, code: str) -> None:
    span.set_attribute(ERROR_TYPE, code)
    span.set_status(Status(StatusCode.ERROR, code))
