"""What requests to models use, on the account of whoever asks: reserved before, settled and noted after.

Hot path. A request costs 4 us, with a limit 4 us more; a part of a stream 0.3 us.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    ReasoningPart,
    Score,
    TextPart,
    ToolCallPart,
    Usage,
    Used,
)
from pharia_kernel.quotas import Reservation, Spender, TokenCount
from pharia_kernel.quotas.tokens import estimated
from pharia_kernel.types import Caller
from pharia_kernel.usage import UsageBook

_TURN_TOKENS = 4
"""Of a message beside its text."""
_TOKENS = (TextPart, ReasoningPart, ToolCallPart)

Request = TypeVar("Request", ChatRequest, CompleteRequest)
Answer = TypeVar("Answer", ChatAnswer, CompleteAnswer)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Meter:
    spender: Spender
    usage: UsageBook
    tokens: TokenCount | None = None
    """None where nobody limits them."""


class MeteredInference:
    """The requests of one invocation to a backend."""

    def __init__(self, backend: InferenceBackend, meter: Meter) -> None:
        self._backend = backend
        self._meter = meter

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        return await self._whole(self._backend.complete, request, caller)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        return await self._whole(self._backend.chat, request, caller)

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return self._stream(self._backend.complete_stream, request, caller)

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return self._stream(self._backend.chat_stream, request, caller)

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        """Backends do not say how many tokens this takes."""
        prompt = estimated(request.prompt) + estimated(request.target)
        return await metered(self._meter, request.model, prompt, lambda: self._backend.explain(request, caller))

    async def _whole(
        self, ask: Callable[[Request, Caller], Awaitable[Answer]], request: Request, caller: Caller
    ) -> Answer:
        spending = _Spending(self._meter, request.model, _prompt(request), _most(request))
        try:
            answer = await ask(request, caller)
        except asyncio.CancelledError:
            spending.stopped()
            raise
        except Exception:
            spending.failed()
            raise
        spending.answered(_known(answer.usage) or Usage(spending.prompt, estimated(_text(answer))))
        return answer

    async def _stream(
        self, ask: Callable[[Request, Caller], AsyncGenerator[Part, None]], request: Request, caller: Caller
    ) -> AsyncGenerator[Part, None]:
        spending = _Spending(self._meter, request.model, _prompt(request), _most(request))
        usage: Usage | None = None
        try:
            async with aclosing(ask(request, caller)) as parts:
                async for part in parts:
                    if isinstance(part, _TOKENS):
                        spending.heard += 1
                    elif isinstance(part, Used):
                        usage = part.usage
                    yield part
        except (asyncio.CancelledError, GeneratorExit):
            spending.stopped(usage)
            raise
        except Exception:
            spending.failed()
            raise
        spending.answered(usage or Usage(spending.prompt, spending.heard))


async def metered(meter: Meter, model: str, prompt: int, ask: Callable[[], Awaitable[T]]) -> T:
    """A request of ``prompt`` tokens whose answer has none."""
    spending = _Spending(meter, model, prompt, 0)
    try:
        answer = await ask()
    except asyncio.CancelledError:
        spending.stopped()
        raise
    except Exception:
        spending.failed()
        raise
    spending.answered(Usage(prompt, 0))
    return answer


class _Spending:
    """One request, from its reservation to one of the three ends. Raises where nothing is left."""

    def __init__(self, meter: Meter, model: str, prompt: int, most: int | None) -> None:
        """``prompt`` is how many tokens are asked, ``most`` how many may be answered if the request says so."""
        self.prompt = prompt
        self._meter = meter
        self._model = model
        self._began = time.perf_counter()
        self._reservation: Reservation | None = None
        self.heard = 0
        """Parts of a stream; most are one token."""
        if meter.tokens is not None:
            try:
                self._reservation = meter.tokens.reserve(prompt, most)
            except Exception:
                self._end(Usage(0, 0), failed=True)
                raise

    def answered(self, usage: Usage) -> None:
        self._end(usage, failed=False)

    def stopped(self, usage: Usage | None = None) -> None:
        """By whoever asked; the backend had begun."""
        self._end(usage or Usage(self.prompt, self.heard), failed=True)

    def failed(self) -> None:
        """By the backend; it costs nothing where nothing came."""
        self._end(Usage(self.prompt, self.heard) if self.heard else Usage(0, 0), failed=True)

    def _end(self, usage: Usage, *, failed: bool) -> None:
        if self._reservation is not None and self._meter.tokens is not None:
            self._meter.tokens.settle(self._reservation, usage.prompt + usage.completion)
        seconds = time.perf_counter() - self._began
        self._meter.usage.asked(
            self._meter.spender,
            self._model,
            failed=failed,
            seconds=seconds,
            input=usage.prompt,
            output=usage.completion,
        )


def _most(request: ChatRequest | CompleteRequest) -> int | None:
    """Tokens of the answer, if the request bounds them."""
    if isinstance(request, ChatRequest) and request.max_tokens is None:
        return request.max_completion_tokens
    return request.max_tokens


def _prompt(request: ChatRequest | CompleteRequest) -> int:
    """Estimated tokens of what is asked."""
    if isinstance(request, CompleteRequest):
        return estimated(request.prompt)
    return sum(_TURN_TOKENS + estimated(turn.content or "") for turn in request.turns)


def _text(answer: ChatAnswer | CompleteAnswer) -> str:
    if isinstance(answer, CompleteAnswer):
        return answer.text
    calls = "".join(call.name + call.arguments for call in answer.tool_calls or ())
    return (answer.content or "") + (answer.reasoning or "") + calls


def _known(usage: Usage) -> Usage | None:
    """Backends that do not count say zero."""
    return usage if usage.prompt or usage.completion else None
