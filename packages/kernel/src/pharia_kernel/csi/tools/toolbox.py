"""All tools of a namespace as one list."""

from __future__ import annotations

from collections.abc import Sequence

from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.csi.tools.source import ToolScope, ToolSource
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolRequest, ToolResult


class Toolbox:
    """Where two sources have a tool of the same name, the earlier one has it."""

    def __init__(self, sources: Sequence[ToolSource]) -> None:
        self._sources = tuple(sources)

    async def list(self, scope: ToolScope) -> list[ToolInfo]:
        """Sorted by name."""
        found: dict[str, ToolInfo] = {}
        for tools in await all_of([source.list(scope) for source in self._sources]):
            for tool in tools:
                found.setdefault(tool.name, tool)
        return [found[name] for name in sorted(found)]

    async def invoke(self, scope: ToolScope, request: ToolRequest) -> ToolResult:
        for source in self._sources:
            if any(tool.name == request.name for tool in await source.list(scope)):
                return await source.invoke(scope, request)
        return ToolError(f"Tool {request.name} not found on any server.")
