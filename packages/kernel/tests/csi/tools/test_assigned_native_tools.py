"""Native tools that a namespace is given while the kernel runs."""

from __future__ import annotations

import pytest

from pharia_kernel.csi.tools import TEST_NAMESPACE, NativeTools, ToolScope
from pharia_kernel.errors import ConfigError
from pharia_kernel.types import Caller


async def names(tools: NativeTools, namespace: str) -> list[str]:
    return [tool.name for tool in await tools.list(ToolScope(namespace, Caller()))]


async def test_a_namespace_has_what_it_was_given_last() -> None:
    tools = NativeTools({"dev": ["add"]})
    tools.assign("dev", ["subtract", "saboteur"])
    assert await names(tools, "dev") == ["saboteur", "subtract"]
    tools.assign("dev", [])
    assert await names(tools, "dev") == []


async def test_an_unknown_tool_changes_nothing() -> None:
    tools = NativeTools({"dev": ["add"]})
    with pytest.raises(ConfigError, match=r"'dev'.*'multiply'"):
        tools.assign("dev", ["multiply"])
    assert await names(tools, "dev") == ["add"]


async def test_the_namespace_for_trying_keeps_all_of_them() -> None:
    tools = NativeTools()
    tools.assign(TEST_NAMESPACE, [])
    assert len(await names(tools, TEST_NAMESPACE)) == 3
