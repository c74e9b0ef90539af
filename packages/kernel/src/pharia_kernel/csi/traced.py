"""Model requests, each within its span."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import TypeVar

from opentelemetry.trace import Span, Tracer, use_span

from pharia_kernel.csi.types import ChatAnswer, ChatRequest, CompleteAnswer, CompleteRequest, End, Part, Used
from pharia_kernel.errors import KernelError
from pharia_kernel.telemetry import genai
from pharia_kernel.types import Caller

Answer = TypeVar("Answer", ChatAnswer, CompleteAnswer)
Request = TypeVar("Request", ChatRequest, CompleteRequest)


async def traced(
    tracer: Tracer, ask: Callable[[Request, Caller], Awaitable[Answer]], request: Request, caller: Caller
) -> Answer:
    with _span(tracer, request) as span:
        with _current(span):
            answer = await ask(request, caller)
        genai.finished(span, answer.finish)
        genai.used(span, answer.usage.prompt, answer.usage.completion, answer.model)
        return answer


async def traced_stream(
    tracer: Tracer, ask: Callable[[Request, Caller], AsyncGenerator[Part, None]], request: Request, caller: Caller
) -> AsyncGenerator[Part, None]:
    """The span is the current one until the first part: what a generator keeps current is so for its consumer too."""
    with _span(tracer, request) as span:
        async with aclosing(ask(request, caller)) as parts:
            with _current(span):
                part = await anext(parts, None)
            while part is not None:
                if isinstance(part, End):
                    genai.finished(span, part.finish)
                elif isinstance(part, Used):
                    genai.used(span, part.usage.prompt, part.usage.completion, part.model)
                yield part
                part = await anext(parts, None)


@contextmanager
def _current(span: Span) -> Iterator[None]:
    with use_span(span, record_exception=False, set_status_on_exception=False):
        yield


@contextmanager
def _span(tracer: Tracer, request: ChatRequest | CompleteRequest) -> Iterator[Span]:
    span = genai.begin(
        tracer,
        genai.CHAT if isinstance(request, ChatRequest) else genai.TEXT_COMPLETION,
        request.model,
        {
            genai.REQUEST_MAX_TOKENS: request.max_tokens,
            genai.REQUEST_TEMPERATURE: request.temperature,
            genai.REQUEST_TOP_P: request.top_p,
            genai.REQUEST_FREQUENCY_PENALTY: request.frequency_penalty,
            genai.REQUEST_PRESENCE_PENALTY: request.presence_penalty,
        },
    )
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
