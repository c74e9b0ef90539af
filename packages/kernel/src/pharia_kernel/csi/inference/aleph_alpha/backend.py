"""An inference API of Aleph Alpha, as a source of model answers."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field

from pharia_kernel.csi.http.endpoint import Endpoint, EndpointOptions
from pharia_kernel.csi.http.failures import Asked
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.inference.aleph_alpha.answers import CompletionReader, complete_answer, scores
from pharia_kernel.csi.inference.aleph_alpha.bodies import completion_body, explanation_body
from pharia_kernel.csi.inference.openai.chat import chat, chat_stream
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
from pharia_kernel.errors import CallerUnauthorized
from pharia_kernel.types import Caller

_COMPLETE = "/complete"
_EXPLAIN = "/explain"


@dataclass(frozen=True, slots=True)
class AlephAlphaOptions(EndpointOptions):
    """An API of Aleph Alpha; without a token of the kernel's own, that of each caller is sent on."""

    answer_seconds: float = 305.0
    """The API itself gives up after 300, and then says why."""
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(retries=5, first_seconds=1.0))


class AlephAlphaBackend:
    """Implements :class:`~pharia_kernel.csi.inference.backend.InferenceBackend`."""

    def __init__(
        self,
        options: AlephAlphaOptions,
        *,
        trace_headers: Callable[[], Mapping[str, str]] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """``trace_headers`` is asked once per attempt; ``uniform`` draws the pauses between attempts."""
        self._options = options
        self._endpoint = Endpoint(options, trace_headers=trace_headers, uniform=uniform)

    async def __aenter__(self) -> AlephAlphaBackend:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._endpoint.__aexit__(*exc)

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        asked = self._asked(_COMPLETE, request.model, caller)
        return complete_answer(
            request, await self._endpoint.fetch(asked, completion_body(request, stream=False)), asked
        )

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        return await chat(self._endpoint, request, callers_token=self._token(caller))

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        asked = self._asked(_COMPLETE, request.model, caller)
        body = completion_body(request, stream=True)
        return parts(self._endpoint, asked, body, CompletionReader(request, asked))

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        return chat_stream(self._endpoint, request, callers_token=self._token(caller))

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        asked = self._asked(_EXPLAIN, request.model, caller)
        return scores(await self._endpoint.fetch(asked, explanation_body(request)), asked)

    def _asked(self, path: str, model: str, caller: Caller) -> Asked:
        return self._endpoint.asked(path, model, callers_token=self._token(caller))

    def _token(self, caller: Caller) -> str | None:
        """The caller's, where the kernel has none of its own."""
        if self._options.token is not None:
            return None
        if caller.token is None or not caller.token.isprintable():
            raise CallerUnauthorized(
                f"{self._endpoint.name} answers only for a token that a header can carry; send one with the call "
                "(Authorization: Bearer …)"
            )
        return caller.token
