"""A source that counts, and fails or waits as it is told."""

from __future__ import annotations

import asyncio

from doubles.tokenizer import byte_level
from pharia_kernel.csi.chunking.sources import Build
from pharia_kernel.errors import CsiError
from pharia_kernel.types import Caller


class ScriptedSource:
    """Has what begins with ``prefix``."""

    def __init__(self, prefix: str = "", *, failures: list[CsiError] | None = None) -> None:
        self.prefix = prefix
        self.failures = failures or []
        self.fetched: list[str] = []
        self.gate: asyncio.Event | None = None
        self.entered = 0

    async def __aenter__(self) -> ScriptedSource:
        self.entered += 1
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.entered -= 1

    async def key(self, model: str) -> str | None:
        return f"{id(self)} {model}" if model.startswith(self.prefix) else None

    async def fetch(self, model: str, caller: Caller) -> Build:
        self.fetched.append(model)
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return byte_level
