"""The tools of one conversation: those of the namespace, and functions of the skill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pharia_skill.csi.function_tool import FunctionTool
from pharia_skill.csi.inference import InvokeRequest, Tool, ToolCall, ToolError, ToolResult, UnreadableToolCall
from pharia_skill.errors import InvalidTool

if TYPE_CHECKING:
    from pharia_skill.csi.csi import Csi

AnyTool = str | Tool | FunctionTool[..., Any]
"""The name of a tool of the namespace, one as ``Csi.list_tools`` gives it, or a function with ``@tool``."""


_SHOWN = 200


class Toolbox:
    """Raises ``ValueError`` for a tool the namespace does not have, and for two of the same name.

    Raises :class:`~pharia_skill.errors.InvalidTool` for what is no tool.
    """

    def __init__(self, csi: Csi, tools: Sequence[AnyTool]) -> None:
        _check(tools)
        self._csi = csi
        self._own = {tool.name: tool for tool in tools if isinstance(tool, FunctionTool)}
        names = [tool for tool in tools if isinstance(tool, str)]
        named = csi._list_tool_schemas(names) if names else []
        remote = [*named, *(tool for tool in tools if isinstance(tool, Tool))]
        self._remote = {tool.name for tool in remote}
        self.definitions = [*remote, *(tool.definition for tool in self._own.values())]

    def run(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """One result for each call: all of the namespace at once, then the skill's own in their order."""
        remote = {place: call for place, call in enumerate(calls) if self._is_remote(call)}
        requests = [InvokeRequest(call.name, call.arguments) for call in remote.values()]
        answers = self._csi.invoke_tool_concurrent(requests) if requests else []
        found = dict(zip(remote, answers, strict=True))
        return [found[place] if place in found else self._run_own(call) for place, call in enumerate(calls)]

    def _is_remote(self, call: ToolCall) -> bool:
        return call.name in self._remote and not isinstance(call, UnreadableToolCall)

    def _run_own(self, call: ToolCall) -> ToolResult:
        if isinstance(call, UnreadableToolCall):
            return ToolError(f"the arguments of {call.name} must be a JSON object, found: {call.text[:_SHOWN]}")
        if (tool := self._own.get(call.name)) is None:
            known = ", ".join(tool.name for tool in self.definitions)
            return ToolError(f"there is no tool {call.name}, only: {known}")
        return tool.run(self._csi, call.arguments)


def _check(tools: Sequence[AnyTool]) -> None:
    seen: set[str] = set()
    for tool in tools:
        if not isinstance(tool, str | Tool | FunctionTool):
            raise InvalidTool(f"{tool!r} is no tool (give a name, or put `@tool` on the function)")
        name = tool if isinstance(tool, str) else tool.name
        if name in seen:
            raise ValueError(f"two tools are called {name} (give one another name: `@tool(name=...)`)")
        seen.add(name)
