"""A server made with the official SDK, as a process: ``mcp_server.py stdio|http|liar [VERSION]``.

Over HTTP it prints its port, and serves at ``/sessions`` (events, sessions), ``/plain`` (JSON, no sessions), ``/pages``
and, for what no honest server does, ``/lies/KIND``. With a version of the protocol it knows no newer one.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import mcp.types as types
import mcp_liar
import uvicorn
from mcp.server.fastmcp import Context, FastMCP, Image
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Mount

PAGES = 5
PAGE = 3
_CALLS = {"begun": 0, "cancelled": 0}


def tools(server: FastMCP[Any]) -> FastMCP[Any]:
    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers"""
        return a + b

    @server.tool(structured_output=False)
    def repeat(value: Any = "nothing") -> str:
        return json.dumps(value)

    @server.tool()
    def fail() -> str:
        raise ValueError("broken on purpose")

    @server.tool(structured_output=False)
    def picture() -> list[Any]:
        return ["before", Image(data=b"\x89PNG" * 100, format="png"), "after"]

    @server.tool(structured_output=False)
    def resources() -> list[Any]:
        text = types.TextResourceContents(uri="memo://1", mimeType="text/plain", text="a memo")
        blob = types.BlobResourceContents(uri="memo://2", mimeType="application/json", blob="eyJhIjoxfQ==")
        other = types.BlobResourceContents(uri="memo://3", mimeType="application/zip", blob="AAAA")
        link = types.ResourceLink(type="resource_link", name="report", uri="https://example.org/report")
        return [*(types.EmbeddedResource(type="resource", resource=one) for one in (text, blob, other)), link]

    @server.tool(structured_output=False)
    def silent() -> list[Any]:
        return []

    @server.tool(structured_output=False)
    def large(size: int) -> str:
        return "x" * size

    @server.tool(structured_output=False)
    async def wait(context: Context[Any, Any, Any]) -> str:
        """Until it is cancelled."""
        _CALLS["begun"] += 1
        await context.report_progress(1, 2)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            _CALLS["cancelled"] += 1
            raise
        return ""

    @server.tool(structured_output=False)
    def calls() -> str:
        return json.dumps(_CALLS)

    @server.tool(structured_output=False)
    def headers(context: Context[Any, Any, Any]) -> str:
        request = context.request_context.request
        return json.dumps(dict(request.headers) if request is not None else {})

    @server.tool(structured_output=False)
    async def grow(name: str, context: Context[Any, Any, Any]) -> str:
        server.add_tool(lambda: "new", name=name, description="New", structured_output=False)
        await context.session.send_tool_list_changed()
        return "grown"

    @server.tool(structured_output=False)
    def die() -> str:
        os._exit(3)

    @server.tool(structured_output=False)
    def process() -> str:
        """Its process and another one that it started."""
        child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return json.dumps([os.getpid(), child.pid])

    @server.tool(structured_output=False)
    def environment() -> str:
        return json.dumps({**os.environ, "directory": os.getcwd()})

    return server


def paged() -> Server[Any, Any]:
    server: Server[Any, Any] = Server("pages")

    @server.list_tools()
    async def list_tools(request: types.ListToolsRequest) -> types.ListToolsResult:
        page = int(request.params.cursor or 0) if request.params else 0
        names = [f"tool-{page * PAGE + at:02}" for at in range(PAGE)]
        cursor = str(page + 1) if page + 1 < PAGES else None
        return types.ListToolsResult(
            tools=[types.Tool(name=name, inputSchema={"type": "object"}) for name in names], nextCursor=cursor
        )

    @server.call_tool()
    async def call_tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"called": name}

    return server


def serve() -> None:
    managers = {
        "/sessions": StreamableHTTPSessionManager(tools(FastMCP("sessions"))._mcp_server),
        "/plain": StreamableHTTPSessionManager(tools(FastMCP("plain"))._mcp_server, json_response=True, stateless=True),
        "/pages": StreamableHTTPSessionManager(paged()),
    }

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with AsyncExitStack() as stack:
            for manager in managers.values():
                await stack.enter_async_context(manager.run())
            yield

    routes = [Mount(path, manager.handle_request) for path, manager in managers.items()]
    app = Starlette(routes=[*routes, *mcp_liar.routes], lifespan=lifespan)
    with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0")))) as listener:
        print(listener.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run([listener])


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def only(version: str) -> None:
    import mcp.server.session
    import mcp.server.streamable_http

    types.LATEST_PROTOCOL_VERSION = version
    for module in (mcp.server.session, mcp.server.streamable_http):
        module.SUPPORTED_PROTOCOL_VERSIONS = [version]


if __name__ == "__main__":
    for version in sys.argv[2:]:
        only(version)
    if sys.argv[1] == "http":
        threading.Thread(target=end_with_parent, daemon=True).start()
        serve()
    elif sys.argv[1] == "liar":
        mcp_liar.speak()
    else:
        print("a line that has no business here", flush=True)
        print("on the error stream", os.environ.get("API_KEY"), file=sys.stderr, flush=True)
        tools(FastMCP("stdio")).run("stdio")
