"""Model requests, each within its span, with their numbers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from opentelemetry.trace import Span, Tracer, get_current_span, use_span

from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    End,
    ExplainRequest,
    Part,
    Score,
    TextPart,
    Usage,
    Used,
)
from pharia_kernel.errors import KernelError
from pharia_kernel.telemetry import content, genai
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import Caller

Answer = TypeVar("Answer", ChatAnswer, CompleteAnswer)
Request = TypeVar("Request", ChatRequest, CompleteRequest)


@dataclass(frozen=True, slots=True)
class ModelWatch:
    """Where it goes what is known of model requests."""

    tracer: Tracer
    metrics: Metrics
    content: bool = False
    """Whether spans show messages."""

    def used(self, span: Span, request: ChatRequest | CompleteRequest, usage: Usage, model: str | None) -> None:
        genai.used(span, usage.prompt, usage.completion, model)
        self.metrics.used(request.model, usage.prompt, usage.completion)


async def traced(
    watch: ModelWatch, ask: Callable[[Request, Caller], Awaitable[Answer]], request: Request, caller: Caller
) -> Answer:
    span = _begun(watch, request)
    if span is get_current_span():  # nobody will see it; what follows costs 10 us
        answer = await ask(request, caller)
        watch.metrics.used(request.model, answer.usage.prompt, answer.usage.completion)
        return answer
    with _ended(span):
        with _current(span):
            answer = await ask(request, caller)
        genai.finished(span, answer.finish)
        watch.used(span, request, answer.usage, answer.model)
        if watch.content and isinstance(answer, ChatAnswer):
            content.answered(span, answer.content)
        return answer


async def traced_stream(
    watch: ModelWatch, ask: Callable[[Request, Caller], AsyncGenerator[Part, None]], request: Request, caller: Caller
) -> AsyncGenerator[Part, None]:
    """The span is the current one until the first part: what a generator keeps current is so for its consumer too."""
    began, first = time.perf_counter(), True
    texts: list[str] | None = [] if watch.content and isinstance(request, ChatRequest) else None
    with _failures(watch.metrics, request), _ended(_begun(watch, request)) as span, _kept(span, texts):
        async with aclosing(ask(request, caller)) as parts:
            with _current(span):
                part = await anext(parts, None)
            while part is not None:
                if isinstance(part, End):
                    genai.finished(span, part.finish)
                elif isinstance(part, Used):
                    watch.used(span, request, part.usage, part.model)
                elif first and not isinstance(part, Begin):
                    first = False
                    watch.metrics.first_token(request.model, time.perf_counter() - began)
                if texts is not None and isinstance(part, TextPart):
                    texts.append(part.text)
                yield part
                part = await anext(parts, None)


@contextmanager
def _failures(metrics: Metrics, request: ChatRequest | CompleteRequest) -> Iterator[None]:
    try:
        yield
    except KernelError as error:
        metrics.asked_in_vain("chat_stream" if isinstance(request, ChatRequest) else "completion_stream", error.code)
        raise


@contextmanager
def _kept(span: Span, texts: list[str] | None) -> Iterator[None]:
    """Show what a stream had given, however it ended."""
    try:
        yield
    finally:
        if texts is not None:
            content.answered(span, "".join(texts))


async def traced_explain(
    tracer: Tracer,
    ask: Callable[[ExplainRequest, Caller], Awaitable[list[Score]]],
    request: ExplainRequest,
    caller: Caller,
) -> list[Score]:
    with _ended(genai.begin(tracer, genai.EXPLAIN, request.model, {"model": request.model})) as span, _current(span):
        return await ask(request, caller)


@contextmanager
def _current(span: Span) -> Iterator[None]:
    with use_span(span, record_exception=False, set_status_on_exception=False):
        yield


def _begun(watch: ModelWatch, request: ChatRequest | CompleteRequest) -> Span:
    chat = isinstance(request, ChatRequest)
    most = request.max_completion_tokens if isinstance(request, ChatRequest) and request.max_tokens is None else None
    span = genai.begin(
        watch.tracer,
        genai.CHAT if chat else genai.TEXT_COMPLETION,
        request.model,
        {
            genai.REQUEST_MAX_TOKENS: request.max_tokens if most is None else most,
            genai.REQUEST_TEMPERATURE: request.temperature,
            genai.REQUEST_TOP_P: request.top_p,
            genai.REQUEST_FREQUENCY_PENALTY: request.frequency_penalty,
            genai.REQUEST_PRESENCE_PENALTY: request.presence_penalty,
        },
    )
    if watch.content and isinstance(request, ChatRequest):
        content.said(span, ((turn.role, turn.content) for turn in request.turns))
    return span


@contextmanager
def _ended(span: Span) -> Iterator[Span]:
    try:
        yield span
    except KernelError as error:
        genai.failed(span, error.code)
        raise
    except (asyncio.CancelledError, GeneratorExit):
        genai.failed(span, "cancelled")
        raise
    finally:
        span.end()
