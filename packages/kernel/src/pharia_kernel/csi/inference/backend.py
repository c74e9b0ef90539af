"""What the kernel wants from a source of model answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

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


class InferenceBackend(Protocol):
    """One request in, one answer out; raises :class:`~pharia_kernel.errors.CsiError`.

    Cancelling the awaiting task, or closing a stream's generator, cancels the request at the backend.
    """

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer: ...

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer: ...

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]: ...

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]: ...

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]: ...

    async def __aenter__(self) -> InferenceBackend: ...

    async def __aexit__(self, *exc: object) -> None: ...
