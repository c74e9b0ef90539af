"""What the HTTP shell needs of the kernel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.types import Caller, SkillMetadata, SkillPath, StreamEvent


class Answer(Protocol):
    @property
    def output(self) -> bytes:
        """JSON."""
        ...

    @property
    def skill_digest(self) -> str: ...

    @property
    def warning(self) -> str | None: ...


class EventStream(Protocol):
    @property
    def warning(self) -> str | None: ...

    def __aiter__(self) -> AsyncIterator[StreamEvent]: ...


class Status(Protocol):
    """A value that can be written as JSON."""

    @property
    def ready(self) -> bool: ...


class Service(Protocol):
    """Methods of :class:`pharia_kernel.kernel.Kernel`."""

    async def invoke(self, skill: SkillPath, input: bytes, caller: Caller) -> Answer: ...

    def stream(self, skill: SkillPath, input: bytes, caller: Caller) -> AbstractAsyncContextManager[EventStream]: ...

    async def metadata(self, skill: SkillPath) -> SkillMetadata: ...

    def csi(self, namespace: str, caller: Caller) -> AbstractAsyncContextManager[Csi]: ...

    async def tools(self, namespace: str, caller: Caller) -> list[ToolInfo]: ...

    def mcp_servers(self, namespace: str) -> list[str]: ...

    def skills(self) -> list[SkillPath]: ...

    def cached(self) -> list[SkillPath]: ...

    def evict(self, skill: SkillPath) -> bool: ...

    def status(self) -> Status: ...
