"""Tools of operators and of descriptions together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from pharia_kernel.composition.namespaces import NamespaceTools
from pharia_kernel.config import NamespaceSettings, Settings
from pharia_kernel.csi.tools import NativeTools, ToolScope
from pharia_kernel.csi.tools.mcp import HttpServer, McpServer
from pharia_kernel.errors import ConfigError
from pharia_kernel.skills.description import Description
from pharia_kernel.types import Caller

OWN, TEAMS = "http://127.0.0.1:1/own", "http://127.0.0.1:1/teams"


class Servers:
    def __init__(self) -> None:
        self.given: dict[str, list[McpServer]] = {}
        self.taken: dict[str, Collection[str]] = {}
        self.missing = False

    def assign(self, namespace: str, servers: Sequence[McpServer], *, taken: Collection[str] = ()) -> None:
        if servers and self.missing:
            raise ConfigError("a package is missing")
        self.given[namespace], self.taken[namespace] = list(servers), taken


class Tools:
    def __init__(self) -> None:
        self.native = NativeTools()
        self.servers = Servers()
        self.both = NamespaceTools(self.native, self.servers)  # type: ignore[arg-type]

    async def names(self) -> list[str]:
        return [tool.name for tool in await self.native.list(ToolScope("team", Caller()))]


@pytest.fixture
async def tools() -> Tools:
    return Tools()


def configured(**members: object) -> Settings:
    described = {"config_url": "https://x/a.toml", "path": Path("x"), **members}
    return Settings(namespaces={"team": NamespaceSettings(**described)})  # type: ignore[arg-type]


DESCRIBED = Description(native_tools=("subtract", "add"), mcp_servers=(OWN, TEAMS))


async def test_those_of_the_operator_come_first_and_nothing_comes_twice(tools: Tools) -> None:
    tools.both.configure(configured(native_tools=("add",), mcp_servers=[{"url": OWN, "timeout": 5}]))
    tools.both.describe("team", DESCRIBED)
    assert await tools.names() == ["add", "subtract"]
    assert tools.servers.given["team"] == [HttpServer(OWN, call_seconds=5), HttpServer(TEAMS)]
    assert tools.servers.taken["team"] == ("add", "subtract")


async def test_a_description_that_is_read_before_stays_when_the_operator_changes_something(tools: Tools) -> None:
    tools.both.configure(configured())
    tools.both.describe("team", DESCRIBED)
    tools.both.configure(configured(native_tools=("saboteur",)))
    assert await tools.names() == ["add", "saboteur", "subtract"]


@pytest.mark.parametrize("after", [Settings(), Settings(namespaces={"team": NamespaceSettings(directory=Path("x"))})])
async def test_a_namespace_that_is_gone_or_not_described_any_more_has_no_tools(tools: Tools, after: Settings) -> None:
    tools.both.configure(configured())
    tools.both.describe("team", DESCRIBED)
    tools.both.configure(after)
    assert await tools.names() == []
    assert tools.servers.given["team"] == []


async def test_an_unknown_tool_of_the_operator_changes_nothing(tools: Tools) -> None:
    tools.both.configure(configured(native_tools=("add",)))
    with pytest.raises(ConfigError, match="multiply"):
        tools.both.configure(configured(native_tools=("multiply",)))
    assert await tools.names() == ["add"]


async def test_servers_that_can_not_be_had_do_not_make_the_description_fail(
    tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    tools.servers.missing = True
    tools.both.configure(configured())
    tools.both.describe("team", DESCRIBED)
    assert "a package is missing" in caplog.text
