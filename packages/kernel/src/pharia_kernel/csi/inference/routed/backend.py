"""Several backends as one: each model is answered by its backend, or by those to fall back on."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import TypeVar

import msgspec
from opentelemetry import trace

from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.routed.routes import Route, Routes, Target
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    Score,
)
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendRateLimited,
    BackendSaturated,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    ModelNotFound,
    NotConfigured,
    UnsupportedOperation,
)
from pharia_kernel.telemetry import genai
from pharia_kernel.types import Caller

logger = logging.getLogger("pharia_kernel.inference")

_NOT_THE_REQUESTS_FAULT = (
    BackendUnavailable,
    BackendSaturated,
    BackendFailed,
    BackendAnswerInvalid,
    BackendTimeout,
    BackendRateLimited,
    BackendUnauthorized,
    NotConfigured,
    UnsupportedOperation,
)
_SHOWN = 200
"""Characters of a model's name in texts; skills choose it."""

Request = TypeVar("Request", ChatRequest, CompleteRequest, ExplainRequest)
Streamed = TypeVar("Streamed", ChatRequest, CompleteRequest)
Answer = TypeVar("Answer")


class RoutedBackend:
    """Implements :class:`~pharia_kernel.csi.inference.backend.InferenceBackend`; enters and leaves those of its routes.

    Another backend is only asked where the first one can not answer, not where the request is wrong, and only before
    the first part of a stream. If none can answer, the error is that of the first that was able to try.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = Routes(routes)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> RoutedBackend:
        async with AsyncExitStack() as stack:
            for route in self.routes:
                await stack.enter_async_context(route.backend)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        return await self._answer(lambda backend: backend.complete, request, caller)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        return await self._answer(lambda backend: backend.chat, request, caller)

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return self._parts(lambda backend: backend.complete_stream, request, caller)

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return self._parts(lambda backend: backend.chat_stream, request, caller)

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        return await self._answer(lambda backend: backend.explain, request, caller)

    async def _answer(
        self,
        operation: Callable[[InferenceBackend], Callable[[Request, Caller], Awaitable[Answer]]],
        request: Request,
        caller: Caller,
    ) -> Answer:
        attempts = _Attempts(request.model)
        for target in self._targets(request.model):
            ask = operation(target.route.backend)
            try:
                answer = await ask(msgspec.structs.replace(request, model=target.model), caller)
            except CsiError as error:
                attempts.failed(target, error)
            else:
                attempts.answered(target)
                return answer
        raise attempts.error()

    async def _parts(
        self,
        operation: Callable[[InferenceBackend], Callable[[Streamed, Caller], AsyncGenerator[Part, None]]],
        request: Streamed,
        caller: Caller,
    ) -> AsyncGenerator[Part, None]:
        attempts = _Attempts(request.model)
        for target in self._targets(request.model):
            ask = operation(target.route.backend)
            begun = False
            try:
                async with aclosing(ask(msgspec.structs.replace(request, model=target.model), caller)) as parts:
                    async for part in parts:
                        if not begun:
                            begun = True
                            attempts.answered(target)
                        yield part
                return
            except CsiError as error:
                if begun:
                    raise
                attempts.failed(target, error)
        raise attempts.error()

    def _targets(self, model: str) -> list[Target]:
        if targets := self.routes.targets(model):
            return targets
        known = "; ".join(map(str, self.routes))
        raise ModelNotFound(f"model {model[:_SHOWN]!r} is answered by none of the backends ({known})")


class _Attempts:
    """What became of one request at one backend after the other."""

    def __init__(self, model: str) -> None:
        self._model = model[:_SHOWN]
        self._errors: list[tuple[Target, CsiError]] = []

    def failed(self, target: Target, error: CsiError) -> None:
        """Raises the error if another backend is not to be asked."""
        if isinstance(error, CallerUnauthorized) or not isinstance(error, _NOT_THE_REQUESTS_FAULT):
            trace.get_current_span().set_attribute(genai.BACKEND, target.route.name)
            raise error
        self._errors.append((target, error))
        trace.get_current_span().set_attribute(
            genai.PASSED_OVER, [f"{target.route.name}: {error.code}" for target, error in self._errors]
        )

    def answered(self, target: Target) -> None:
        trace.get_current_span().set_attribute(genai.BACKEND, target.route.name)
        if self._errors:
            reasons = "; ".join(f"{target.route.name}: {error}" for target, error in self._errors)
            logger.warning(
                "model %s is answered by %s, as %s (%s)", self._model, target.route.name, target.model, reasons
            )

    def error(self) -> CsiError:
        errors = [error for _, error in self._errors]
        return next((error for error in errors if not isinstance(error, UnsupportedOperation)), errors[0])
