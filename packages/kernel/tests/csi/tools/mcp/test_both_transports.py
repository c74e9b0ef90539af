"""The same tools, made with the official SDK, over each transport and each form of its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from doubles.mcp_servers import Asking, Process, stdio
from pharia_kernel.csi.tools.mcp import McpOptions, McpTools
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolOutput

pytestmark = pytest.mark.asyncio(loop_scope="module")

_OPTIONS = McpOptions(first_list_seconds=60, connect_seconds=60, text_bytes=1000, message_bytes=100_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["/sessions", "/plain", "stdio"])
async def asking(request: pytest.FixtureRequest, server: Process) -> AsyncIterator[Asking]:
    one = stdio() if request.param == "stdio" else server.at(request.param)
    async with McpTools({"dev": [one]}, _OPTIONS) as tools:
        yield Asking(tools)


async def test_tools_are_listed_and_called(asking: Asking) -> None:
    schema = {
        "properties": {"a": {"title": "A", "type": "integer"}, "b": {"title": "B", "type": "integer"}},
        "required": ["a", "b"],
        "title": "addArguments",
        "type": "object",
    }
    assert (await asking.list())["add"] == ToolInfo("add", "Add two numbers", schema)
    assert await asking.call("add", a=1, b=2) == ToolOutput(("3",))
    assert await asking.call("silent") == ToolOutput(())


async def test_what_went_wrong_is_told_to_the_skill(asking: Asking) -> None:
    assert await asking.call("fail") == ToolError("Error executing tool fail: broken on purpose")
    assert await asking.call("nothing") == ToolError("Tool nothing not found on any server.")
    wrong = await asking.call("add", a="x", b=2)
    assert isinstance(wrong, ToolError)
    assert "valid integer" in wrong.message


@pytest.mark.parametrize("value", [None, {"a": None, "b": [None, "✓"]}, 2**70, "\n\x00", {}, 1.5])
async def test_arguments_arrive_as_they_are(asking: Asking, value: object) -> None:
    assert await asking.json("repeat", value=value) == value


async def test_what_is_no_text_is_named_or_read(asking: Asking) -> None:
    picture = "[image of type image/png, about 402 bytes, which can not be given as text]"
    assert await asking.call("picture") == ToolOutput(("before", picture, "after"))
    archive = "[resource memo://3 of type application/zip, about 3 bytes, which can not be given as text]"
    link = "report\nhttps://example.org/report"
    assert await asking.call("resources") == ToolOutput(("a memo", '{"a":1}', archive, link))


async def test_texts_have_a_limit(asking: Asking) -> None:
    assert await asking.call("large", size=1000) == ToolOutput(("x" * 1000,))
    too_large = await asking.call("large", size=1001)
    assert too_large == ToolError("The tool answered 1,001 bytes of text; skills take 1,000 (mcp.text-bytes).")


async def test_messages_have_a_limit(asking: Asking) -> None:
    assert isinstance(await asking.call("large", size=200_000), ToolError)
    assert await asking.call("add", a=1, b=2) == ToolOutput(("3",))
