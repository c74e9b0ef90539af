"""Tools that are part of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from pharia_kernel.csi.tools.source import ToolScope
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolOutput, ToolRequest, ToolResult
from pharia_kernel.errors import ConfigError
from pharia_kernel.types import JsonValue

TEST_NAMESPACE = "test-beta"
"""Has every native tool without being configured."""

_MIN, _MAX = -(2**31), 2**31 - 1
_Integer = Annotated[int, msgspec.Meta(ge=_MIN, le=_MAX)]


class _Failed(Exception):
    """What the skill, or its model, is told."""


@dataclass(frozen=True, slots=True)
class NativeTool:
    info: ToolInfo
    call: Callable[[Mapping[str, bytes]], str]


class NativeTools:
    """Which namespace has which of them."""

    def __init__(self, namespaces: Mapping[str, Sequence[str]] | None = None) -> None:
        """``namespaces`` gives the names of each namespace's tools; raises :class:`ConfigError` for an unknown one."""
        self._names: dict[str, frozenset[str]] = {TEST_NAMESPACE: frozenset(NATIVE_TOOLS)}
        for namespace, names in (namespaces or {}).items():
            self.assign(namespace, names)

    def assign(self, namespace: str, names: Sequence[str]) -> None:
        """From now on the namespace has these; raises :class:`ConfigError` for an unknown one."""
        check_native_tools(namespace, names)
        if namespace != TEST_NAMESPACE:
            self._names[namespace] = frozenset(names)

    async def list(self, scope: ToolScope) -> list[ToolInfo]:
        """Sorted by name."""
        return [NATIVE_TOOLS[name].info for name in sorted(self._names.get(scope.namespace, ()))]

    async def invoke(self, scope: ToolScope, request: ToolRequest) -> ToolResult:
        """Never raises for what the skill or its model did wrong."""
        if request.name not in self._names.get(scope.namespace, ()):
            return ToolError(f"Tool {request.name} not found on any server.")
        try:
            return ToolOutput((NATIVE_TOOLS[request.name].call(dict(request.arguments)),))
        except _Failed as failure:
            return ToolError(str(failure))


def check_native_tools(namespace: str, names: Sequence[str]) -> None:
    """Raises :class:`ConfigError` for an unknown one."""
    if unknown := sorted(set(names) - NATIVE_TOOLS.keys()):
        known = ", ".join(NATIVE_TOOLS)
        raise ConfigError(f"namespace {namespace!r}: there is no native tool {unknown[0]!r} (known: {known})")


def _integer(arguments: Mapping[str, bytes], name: str) -> int:
    if (value := arguments.get(name)) is None:
        raise _Failed(f"Argument {name} not specified")
    try:
        return msgspec.json.decode(value, type=_Integer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Failed(f"Error deserializing argument {name}: {error}") from None


def _in_range(result: int) -> str:
    if not _MIN <= result <= _MAX:
        raise _Failed(f"The result {result} does not fit into 32 bits")
    return str(result)


def _add(arguments: Mapping[str, bytes]) -> str:
    return _in_range(_integer(arguments, "a") + _integer(arguments, "b"))


def _subtract(arguments: Mapping[str, bytes]) -> str:
    return _in_range(_integer(arguments, "a") - _integer(arguments, "b"))


def _saboteur(arguments: Mapping[str, bytes]) -> str:
    raise _Failed("Out of cheese.")


def _schema(title: str, *integers: str) -> JsonValue:
    properties = {name: {"title": name.upper(), "type": "integer"} for name in integers}
    schema = {"properties": properties, "title": title, "type": "object"}
    return {**schema, "required": list(integers)} if integers else schema


NATIVE_TOOLS: Mapping[str, NativeTool] = {
    "add": NativeTool(ToolInfo("add", "Add two numbers", _schema("addArguments", "a", "b")), _add),
    "saboteur": NativeTool(
        ToolInfo("saboteur", "A tool that always raises an error.", _schema("saboteurArguments")), _saboteur
    ),
    "subtract": NativeTool(ToolInfo("subtract", "Subtract two numbers", _schema("addArguments", "a", "b")), _subtract),
}
