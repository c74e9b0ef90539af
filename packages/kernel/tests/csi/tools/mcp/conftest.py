from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

from doubles.mcp_servers import Asking, Process
from pharia_kernel.csi.tools.mcp import McpOptions, McpServer, McpTools

_OPTIONS = {"first_pause": 0.01, "longest_pause": 0.02, "first_list_seconds": 60.0, "connect_seconds": 60.0}


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[..., Process]]:
    """A process of its own, which ends with the session at the latest."""
    with ExitStack() as stack:

        def start(*version: str, port: int = 0) -> Process:
            process = Process(*version, port=port)
            stack.callback(process.end)
            return process

        yield start


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Process]) -> Process:
    """For all tests that do it no harm."""
    return start_server()


@pytest.fixture
async def ask() -> AsyncIterator[Callable[..., Awaitable[Asking]]]:
    """Connect ``dev`` to servers until the test ends."""
    async with AsyncExitStack() as stack:

        async def ask(*servers: McpServer, more: dict[str, Any] | None = None, **options: Any) -> Asking:
            tools = McpTools({"dev": servers}, McpOptions(**{**_OPTIONS, **options}), **(more or {}))
            return Asking(await stack.enter_async_context(tools))

        yield ask
