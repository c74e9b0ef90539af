"""The CSI as a table of answers: keeps what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

HANG = object()
"""A call, or the next part of a stream, that never comes."""
_STREAMS = ("complete_stream", "chat_stream")


class ScriptedCsi:
    """``ScriptedCsi(chat=[answer])`` answers chats; a list for streams has the parts. An exception is raised."""

    def __init__(self, **script: Any) -> None:
        self.script = script
        self.asked: list[tuple[str, Any]] = []
        """Operation and requests of each call, in order."""
        self.begun = asyncio.Event()
        """Set when something that hangs is waited for."""
        self.cancelled = asyncio.Event()
        """Set when that was given up."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return self._stream(operation) if operation in _STREAMS else self._call(operation)

    def _call(self, operation: str) -> Callable[..., Any]:
        async def call(*requests: Any) -> Any:
            self.asked.append((operation, *requests))
            return await self._given(self.script[operation])

        return call

    def _stream(self, operation: str) -> Callable[..., Any]:
        async def parts(request: Any) -> AsyncGenerator[Any, None]:
            self.asked.append((operation, request))
            for part in self.script[operation]:
                yield await self._given(part)

        return parts

    async def _given(self, answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        if answer is not HANG:
            return answer
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
