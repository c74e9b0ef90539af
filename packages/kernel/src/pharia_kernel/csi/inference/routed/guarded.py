"""One backend behind its limits: so many requests at once, and none while it is left alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import TypeVar

from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.places import Places
from pharia_kernel.csi.inference.routed.breaker import CircuitBreaker
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    Score,
)
from pharia_kernel.types import Caller

Request = TypeVar("Request", ChatRequest, CompleteRequest, ExplainRequest)
Answer = TypeVar("Answer")


class GuardedBackend:
    """Implements :class:`~pharia_kernel.csi.inference.backend.InferenceBackend`; enters and leaves what it guards."""

    def __init__(self, backend: InferenceBackend, breaker: CircuitBreaker, places: Places | None = None) -> None:
        self._backend = backend
        self._breaker = breaker
        self._places = places

    @property
    def guarded(self) -> InferenceBackend:
        return self._backend

    async def __aenter__(self) -> GuardedBackend:
        await self._backend.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._backend.__aexit__(*exc)

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        return await self._answer(self._backend.complete, request, caller)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        return await self._answer(self._backend.chat, request, caller)

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return self._parts(self._backend.complete_stream, request, caller)

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return self._parts(self._backend.chat_stream, request, caller)

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        return await self._answer(self._backend.explain, request, caller)

    async def _answer(
        self, ask: Callable[[Request, Caller], Awaitable[Answer]], request: Request, caller: Caller
    ) -> Answer:
        self._breaker.check()
        async with self._place(caller):
            with self._breaker.attempt():
                return await ask(request, caller)

    async def _parts(
        self, ask: Callable[[Request, Caller], AsyncGenerator[Part, None]], request: Request, caller: Caller
    ) -> AsyncGenerator[Part, None]:
        self._breaker.check()
        async with self._place(caller):
            with self._breaker.attempt() as attempt:
                async with aclosing(ask(request, caller)) as parts:
                    begun = False
                    async for part in parts:
                        if not begun:
                            begun = True
                            attempt.answered()
                        yield part

    def _place(self, caller: Caller) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._places is None else self._places.place(caller)
