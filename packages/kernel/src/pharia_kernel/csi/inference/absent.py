"""No source of model answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NoReturn

from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    Score,
)
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller


class AbsentBackend:
    """Implements :class:`~pharia_kernel.csi.inference.backend.InferenceBackend`; every call raises NotConfigured."""

    async def __aenter__(self) -> AbsentBackend:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        self._refuse(request.model)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        self._refuse(request.model)

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        self._refuse(request.model)

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        self._refuse(request.model)

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        self._refuse(request.model)

    def _refuse(self, model: str) -> NoReturn:
        raise NotConfigured(
            f"model {model!r} can not answer: the kernel runs without models (set INFERENCE_URL, or "
            "OPENAI_INFERENCE__URL and OPENAI_INFERENCE__TOKEN, or INFERENCE=embedded)"
        )
