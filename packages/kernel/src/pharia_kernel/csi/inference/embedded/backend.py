"""The model that comes with the kernel: real answers on a machine without any key."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import msgspec

from pharia_kernel.csi.inference.embedded.forced_tools import insists_on_tool, schema_request, tool_answer, tool_parts
from pharia_kernel.csi.inference.embedded.model import EmbeddedOptions
from pharia_kernel.csi.inference.embedded.supervisor import ModelSupervisor, State
from pharia_kernel.csi.inference.openai import OpenAiBackend
from pharia_kernel.csi.inference.places import Places
from pharia_kernel.csi.types import (
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    ExplainRequest,
    Part,
    Score,
    TextPart,
)
from pharia_kernel.errors import ModelNotFound, UnsupportedOperation
from pharia_kernel.types import Caller

logger = logging.getLogger("pharia_kernel.inference")

_NAMES_NOTED = 1000
"""Skills choose the names, so what is remembered of them is bounded."""


class EmbeddedBackend:
    """Implements :class:`~pharia_kernel.csi.inference.backend.InferenceBackend`.

    Entering the context starts the model's process without waiting for it; requests wait until it is loaded, then for
    one of ``parallel`` places.
    """

    def __init__(self, options: EmbeddedOptions = EmbeddedOptions()) -> None:  # noqa: B008  # frozen
        self._options = options
        self._supervisor = ModelSupervisor(options)
        self._places = Places(f"the embedded model {options.name}", options.parallel, options.queued)
        self._noted: set[str] = {options.name}

    async def __aenter__(self) -> EmbeddedBackend:
        await self._supervisor.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._supervisor.__aexit__(*exc)

    @property
    def options(self) -> EmbeddedOptions:
        return self._options

    @property
    def state(self) -> State:
        return self._supervisor.state

    @property
    def process_id(self) -> int | None:
        """Of the process that holds the model, while it is ready."""
        return self._supervisor.process_id

    async def ready(self) -> None:
        """Wait until the model is loaded; raises why it can not be."""
        await self._supervisor.backend()

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        asked = self._completion(request)
        async with self._place(caller) as model:
            answer = await model.complete(asked, caller)
        return msgspec.structs.replace(answer, text=request.prompt + answer.text) if request.echo else answer

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        asked = self._chat(request)
        async with self._place(caller) as model:
            answer = await model.chat(asked, caller)
        return tool_answer(answer) if insists_on_tool(request) else answer

    async def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        asked = self._completion(request)
        async with self._place(caller) as model, aclosing(model.complete_stream(asked, caller)) as parts:
            if request.echo and request.prompt:
                yield TextPart(request.prompt)
            async for part in parts:
                yield part

    async def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        if insists_on_tool(request):
            for part in tool_parts(await self.chat(request, caller)):
                yield part
            return
        asked = self._chat(request)
        async with self._place(caller) as model, aclosing(model.chat_stream(asked, caller)) as parts:
            async for part in parts:
                yield part

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        raise UnsupportedOperation("the embedded model can not explain; configure a backend that can")

    @asynccontextmanager
    async def _place(self, caller: Caller) -> AsyncGenerator[OpenAiBackend, None]:
        async with self._places.place(caller):
            yield await self._supervisor.backend()

    def _completion(self, request: CompleteRequest) -> CompleteRequest:
        if request.echo and request.logprobs != "no":
            raise UnsupportedOperation("the embedded model has no log probabilities of an echoed prompt")
        limit = request.max_tokens or self._options.answer_tokens
        return msgspec.structs.replace(request, model=self._model(request.model), max_tokens=limit, echo=False)

    def _chat(self, request: ChatRequest) -> ChatRequest:
        model = self._model(request.model)
        limit = request.max_tokens or request.max_completion_tokens or self._options.answer_tokens
        asked = msgspec.structs.replace(request, model=model, max_tokens=limit, max_completion_tokens=None)
        return schema_request(asked) if insists_on_tool(asked) else asked

    def _model(self, asked: str) -> str:
        name = self._options.name
        if asked != name and not self._options.any_model:
            raise ModelNotFound(f"model {asked!r} does not exist; this kernel has {name!r}")
        if asked not in self._noted and len(self._noted) < _NAMES_NOTED:
            self._noted.add(asked)
            logger.info("model %s is answered by %s, the embedded model", asked, name)
        return name
