"""Any endpoint that speaks the OpenAI API, as a source of model answers."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pharia_kernel.csi.http.endpoint import Endpoint, EndpointOptions
from pharia_kernel.csi.inference.openai.answers import complete_answer
from pharia_kernel.csi.inference.openai.bodies import completion_body
from pharia_kernel.csi.inference.openai.chat import chat, chat_stream
from pharia_kernel.csi.inference.openai.parts import CompletionReader
from pharia_kernel.csi.inference.streams import parts
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    Score,
)
from pharia_kernel.errors import UnsupportedOperation
from pharia_kernel.types import Caller

_COMPLETIONS = "/completions"


@dataclass(frozen=True, slots=True)
class OpenAiOptions(EndpointOptions):
    """An OpenAI-compatible endpoint; its URL has the version part, such as ``/v1``."""

    special_tokens: Mapping[str, Any] = field(default_factory=lambda: {"skip_special_tokens": False})
    """Members of a completion's body that keep control tokens in the text."""


class OpenAiBackend:
    """Implements :class:`~pharia_kernel.csi.inference.backend.InferenceBackend`.

    All requests carry the configured token; the caller's never leaves the kernel.
    """

    def __init__(
        self,
        options: OpenAiOptions,
        *,
        trace_headers: Callable[[], Mapping[str, str]] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """``trace_headers`` is asked once per attempt; ``uniform`` draws the pauses between attempts."""
        self._options = options
        self._endpoint = Endpoint(options, trace_headers=trace_headers, uniform=uniform)

    async def __aenter__(self) -> OpenAiBackend:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._endpoint.__aexit__(*exc)

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        asked = self._endpoint.asked(_COMPLETIONS, request.model)
        body = completion_body(request, self._options.special_tokens, stream=False)
        return complete_answer(request, await self._endpoint.fetch(asked, body), asked)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        return await chat(self._endpoint, request)

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        asked = self._endpoint.asked(_COMPLETIONS, request.model)
        body = completion_body(request, self._options.special_tokens, stream=True)
        return parts(self._endpoint, asked, body, CompletionReader(request, asked))

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return chat_stream(self._endpoint, request)

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        raise UnsupportedOperation(f"{self._endpoint.name} speaks the OpenAI API, which has no explanations")
