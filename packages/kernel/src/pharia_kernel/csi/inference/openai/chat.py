"""Chats, which are the same at every endpoint that has ``/chat/completions``."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pharia_kernel.csi.http.endpoint import Endpoint
from pharia_kernel.csi.inference.openai.answers import chat_answer
from pharia_kernel.csi.inference.openai.bodies import chat_body
from pharia_kernel.csi.inference.openai.parts import ChatReader
from pharia_kernel.csi.inference.streams import parts
from pharia_kernel.csi.types import ChatAnswer, ChatRequest, Part

_PATH = "/chat/completions"


async def chat(endpoint: Endpoint, request: ChatRequest, *, callers_token: str | None = None) -> ChatAnswer:
    asked = endpoint.asked(_PATH, request.model, callers_token=callers_token)
    return chat_answer(request, await endpoint.fetch(asked, chat_body(request, stream=False)), asked)


def chat_stream(
    endpoint: Endpoint, request: ChatRequest, *, callers_token: str | None = None
) -> AsyncGenerator[Part, None]:
    asked = endpoint.asked(_PATH, request.model, callers_token=callers_token)
    return parts(endpoint, asked, chat_body(request, stream=True), ChatReader(request, asked))
