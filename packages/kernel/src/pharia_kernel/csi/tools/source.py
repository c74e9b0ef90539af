"""Where tools come from, and on whose behalf they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pharia_kernel.csi.types import ToolInfo, ToolRequest, ToolResult
from pharia_kernel.types import Caller


@dataclass(frozen=True, slots=True)
class ToolScope:
    """The invocation that asks."""

    namespace: str
    caller: Caller
    depth: int = 0
    """How many skills called each other as tools above this one."""
    deadline: float | None = None
    """When the invocation ends at the latest, on the clock of the event loop, in seconds."""


class ToolSource(Protocol):
    """Tools of one kind, of every namespace."""

    async def list(self, scope: ToolScope) -> Sequence[ToolInfo]:
        """What the namespace has here; a source that can not be reached has nothing, it raises nothing."""
        ...

    async def invoke(self, scope: ToolScope, request: ToolRequest) -> ToolResult:
        """Call one of the tools listed before.

        What the tool, the skill or its model did wrong is a :class:`~pharia_kernel.csi.types.ToolError`; raises
        :class:`~pharia_kernel.errors.CsiError` only for what ends the skill's call.
        """
        ...
