"""What the HTTP shell needs of the kernel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.documents.store import DocumentStore
from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.skills import NamespaceStatus, SkillType
from pharia_kernel.types import Action, Caller, SkillMetadata, SkillPath, StreamEvent
from pharia_kernel.usage import UsageQuery, UsageReport


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

    async def admit(self, caller: Caller, namespace: str | None, action: Action) -> Caller: ...

    async def may(self, caller: Caller, namespace: str | None, action: Action) -> bool: ...

    async def metadata(self, skill: SkillPath, caller: Caller) -> SkillMetadata: ...

    def csi(self, namespace: str, caller: Caller) -> AbstractAsyncContextManager[Csi]: ...

    async def tools(self, namespace: str, caller: Caller) -> list[ToolInfo]: ...

    def mcp_servers(self, namespace: str, caller: Caller) -> list[str]: ...

    def skills(self, caller: Caller, kind: SkillType | None = None) -> list[SkillPath]: ...

    async def cached_everywhere(self, caller: Caller) -> list[SkillPath]: ...

    async def evict_everywhere(self, skill: SkillPath, caller: Caller) -> bool: ...

    async def usage(self, query: UsageQuery, caller: Caller) -> UsageReport: ...

    def documents(self, namespace: str | None, caller: Caller) -> DocumentStore: ...

    async def roll_back(self, skill: SkillPath, digest: str | None, caller: Caller) -> str: ...

    async def release(self, skill: SkillPath, caller: Caller) -> bool: ...

    def namespace(self, namespace: str, caller: Caller) -> NamespaceStatus: ...

    def status(self) -> Status: ...
