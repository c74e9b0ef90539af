"""The stub and the kernel's backend for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from doubles.openai_stub import OpenAiStub, Reply
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions

TOKEN = "sk-very-secret"

Entered = TypeVar("Entered", bound=AbstractAsyncContextManager[Any])


class Endpoint:
    """Makes backends whose pauses between attempts are as short as they may be drawn."""

    def __init__(self, stub: OpenAiStub, stack: AsyncExitStack) -> None:
        self.stub = stub
        self._stack = stack

    async def backend(self, *replies: Reply, trace_headers: Any = None, **options: Any) -> OpenAiBackend:
        self.stub.replies = list(replies) or self.stub.replies
        settings = OpenAiOptions(self.stub.url, TOKEN, **options)
        backend = OpenAiBackend(settings, trace_headers=trace_headers, uniform=lambda low, high: low)
        return await self.entered(backend)

    async def entered(self, part: Entered) -> Entered:
        """Leaves it when the endpoint is left."""
        await self._stack.enter_async_context(part)
        return part

    @property
    def asked(self) -> Any:
        """Body of the latest request."""
        return self.stub.received[-1].body


@asynccontextmanager
async def open_endpoint() -> AsyncIterator[Endpoint]:
    async with OpenAiStub() as stub, AsyncExitStack() as stack:
        yield Endpoint(stub, stack)
