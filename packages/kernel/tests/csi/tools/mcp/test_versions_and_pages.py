"""What servers made with the official SDK may choose: pages of the list, the version of the protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from doubles.mcp_servers import Asking, Process, stdio
from pharia_kernel.csi.types import ToolOutput

Ask = Callable[..., Awaitable[Asking]]


async def test_all_pages_are_read(ask: Ask, server: Process) -> None:
    asking = await ask(server.at("/pages"))
    assert list(await asking.list()) == [f"tool-{at:02}" for at in range(15)]
    assert await asking.json("tool-14") == {"called": "tool-14"}


async def test_a_server_can_have_only_so_many_tools(ask: Ask, server: Process) -> None:
    assert len(await (await ask(server.at("/pages"), tools=4)).list()) == 4


async def test_the_first_version_of_the_protocol_is_spoken(ask: Ask) -> None:
    assert await (await ask(stdio("stdio", "2024-11-05"))).call("add", a=1, b=2) == ToolOutput(("3",))


async def test_the_version_agreed_upon_goes_with_each_request(
    ask: Ask, server: Process, start_server: Callable[..., Process]
) -> None:
    old = await ask(start_server("2025-03-26").at("/sessions"))
    assert (await old.json("headers"))["mcp-protocol-version"] == "2025-03-26"
    assert (await (await ask(server.at("/sessions"))).json("headers"))["mcp-protocol-version"] == "2025-11-25"
