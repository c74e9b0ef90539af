"""Any endpoint that speaks the OpenAI API, as a source of model answers."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Mapping

from pharia_kernel.csi.inference.openai import bodies
from pharia_kernel.csi.inference.openai.answers import chat_answer, complete_answer, whole_instead_of_stream
from pharia_kernel.csi.inference.openai.endpoint import Endpoint, OpenAiOptions
from pharia_kernel.csi.inference.openai.failures import Asked
from pharia_kernel.csi.inference.openai.parts import ChatReader, CompletionReader, StreamReader
from pharia_kernel.csi.inference.openai.sse import EventSplitter, EventTooLarge
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    Score,
)
from pharia_kernel.errors import BackendAnswerInvalid, UnsupportedOperation
from pharia_kernel.types import Caller

_CHAT = "/chat/completions"
_COMPLETIONS = "/completions"
_DONE = b"[DONE]"


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
        body = bodies.completion_body(request, self._options.special_tokens, stream=False)
        return complete_answer(request, await self._endpoint.fetch(asked, body), asked)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        asked = self._endpoint.asked(_CHAT, request.model)
        body = bodies.chat_body(request, stream=False)
        return chat_answer(request, await self._endpoint.fetch(asked, body), asked)

    def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        asked = self._endpoint.asked(_COMPLETIONS, request.model)
        body = bodies.completion_body(request, self._options.special_tokens, stream=True)
        return self._stream(asked, body, CompletionReader(request, asked))

    def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        asked = self._endpoint.asked(_CHAT, request.model)
        return self._stream(asked, bodies.chat_body(request, stream=True), ChatReader(request, asked))

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        raise UnsupportedOperation(
            f"{self._options.name or self._options.url} speaks the OpenAI API, which has no explanations"
        )

    async def _stream(self, asked: Asked, body: bytes, reader: StreamReader) -> AsyncGenerator[Part, None]:
        events = EventSplitter(self._options.event_bytes)
        async with self._endpoint.open(asked, body) as answer:
            if answer.is_json:
                raise whole_instead_of_stream(await answer.read_all(), asked)
            announced = False
            while not announced:
                data = await answer.read()
                for event in _events(events, data, asked):
                    if event == _DONE:
                        announced = True
                        break
                    for part in reader.read(event):
                        yield part
                if not data:
                    break
            for part in reader.end(announced=announced):
                yield part
            if announced:
                await answer.tidy()


def _events(splitter: EventSplitter, data: bytes, asked: Asked) -> list[bytes]:
    try:
        return splitter.feed(data) if data else splitter.end()
    except EventTooLarge:
        raise BackendAnswerInvalid(f"{asked.backend} sent an event that is too large") from None
