"""Components of every line that has tools, on the whole kernel behind HTTP, with real MCP servers."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from doubles.mcp_servers import Process, stdio, until
from pharia_kernel import Kernel, Settings
from pharia_kernel.api.server import bind, serve
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime

from ..conformance.components import SOURCES, Source, build
from .answers import Event, events_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(480)]

_LINES = [source for source in SOURCES if source.line in ("0.3", "0.4", "0.5")]
_FUNCTIONS = [source for source in _LINES if source.app == "function"]
_STREAMS = [source for source in _LINES if source.app == "stream"]
MIB = 1 << 20


def _name(source: Source) -> str:
    return source.name.replace(".", "-")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """The components are those of the conformance tests, kept between runs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pharia" / "tests" / "components"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("mcp")
    for source in _LINES:
        (folder / f"{_name(source)}.wasm").write_bytes(await asyncio.to_thread(build, source, cache))
    server = await asyncio.to_thread(Process)
    process = stdio()
    settings = Settings.model_validate(
        {
            "namespaces": {
                "dev": {
                    "directory": folder,
                    "native-tools": ["saboteur"],
                    "mcp-servers": [server.at("/sessions").url, {"command": process.command}],
                },
                "other": {"directory": folder, "mcp-servers": [server.at("/pages").url]},
            },
            "inference": "none",
            "limits": {"memory_bytes": 96 * MIB},
        }
    )
    runtime = WasmRuntime(
        EngineOptions(instances=16, memory_bytes=settings.limits.memory_bytes, quick_code=True),
        cache_folder=cache / "code",
    )
    try:
        async with (
            Kernel(settings, runtime=runtime) as kernel,
            serve(kernel, settings, listener=bind("127.0.0.1:0")) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=120) as client,
        ):

            async def listed() -> bool:
                servers = kernel.status().mcp_servers
                return all(server.tools for status in servers.values() for server in status.servers)

            await until(listed)
            yield client
    finally:
        server.end()


def invoke(*requests: tuple[str, dict[str, Any]]) -> list[Any]:
    return [
        "call",
        "tool",
        "invoke-tool",
        [
            {
                "tool_name": name,
                "arguments": [{"name": key, "value": json.dumps(value)} for key, value in values.items()],
            }
            for name, values in requests
        ],
    ]


def ok(*texts: str) -> dict[str, Any]:
    return {"ok": [{"text": text} for text in texts]}


async def run(client: httpx.AsyncClient, source: Source, *steps: list[Any], namespace: str = "dev") -> list[Any]:
    response = await client.post(f"/v1/skills/{namespace}/{_name(source)}/run", json=steps)
    assert response.status_code == 200, response.text
    given: list[Any] = response.json()
    return given


ADD = ("add", {"a": 1, "b": 2})


@pytest.mark.parametrize("source", _FUNCTIONS, ids=_name)
async def test_a_function_calls_tools_again_and_again(client: httpx.AsyncClient, source: Source) -> None:
    given = await run(
        client,
        source,
        invoke(ADD, ("fail", {}), ("saboteur", {}), ("nothing", {})),
        invoke(("repeat", {"value": {"ä": [None, 1.5]}})),
        invoke(ADD),
        ["call", "tool", "list-tools"],
    )
    failed = {"err": "Error executing tool fail: broken on purpose"}
    unknown = {"err": "Tool nothing not found on any server."}
    assert given[0] == [ok("3"), failed, {"err": "Out of cheese."}, unknown]
    assert given[1:3] == [[ok('{"\\u00e4": [null, 1.5]}')], [ok("3")]]
    names = [tool["name"] for tool in given[3]]
    assert names == sorted(names)
    assert {"add", "fail", "repeat", "saboteur"} <= set(names)


@pytest.mark.parametrize("source", _FUNCTIONS, ids=_name)
async def test_tools_are_those_of_the_namespace(client: httpx.AsyncClient, source: Source) -> None:
    (given, other) = await run(client, source, invoke(ADD), invoke(("tool-00", {})), namespace="other")
    assert given == [{"err": "Tool add not found on any server."}]
    assert json.loads(other[0]["ok"][0]["text"]) == {"called": "tool-00"}


@pytest.mark.parametrize("source", _STREAMS, ids=_name)
async def test_a_stream_shows_its_tool_calls_in_order(client: httpx.AsyncClient, source: Source) -> None:
    steps = [invoke(ADD, ("fail", {}), ADD), invoke(("silent", {})), ["report"]]
    async with client.stream("POST", f"/v1/skills/dev/{_name(source)}/message-stream", json=steps) as response:
        events = [event async for event in events_of(response)]
    failed = {"type": "error", "name": "fail", "message": "Error executing tool fail: broken on purpose"}
    tools = [
        {"type": "begin", "name": "add"},
        {"type": "begin", "name": "fail"},
        {"type": "begin", "name": "add"},
        {"type": "end", "name": "add"},
        failed,
        {"type": "end", "name": "add"},
        {"type": "begin", "name": "silent"},
        {"type": "end", "name": "silent"},
    ]
    payload = [[ok("3"), {"err": failed["message"]}, ok("3")], [ok()]]
    assert events == [
        *(Event("tool", data) for data in tools),
        Event("message", {"type": "begin"}),
        Event("message", {"type": "end", "payload": payload}),
    ]


async def test_tools_and_servers_are_shown_over_http(client: httpx.AsyncClient) -> None:
    tools = (await client.get("/v1/tools/other")).json()
    assert [tool["name"] for tool in tools] == [f"tool-{at:02}" for at in range(15)]
    assert tools[0] == {"name": "tool-00", "description": "", "input_schema": {"type": "object"}}
    (url,) = (await client.get("/v1/mcp_servers/dev")).json()
    assert url.endswith("/sessions")
    body = {
        "namespace": "dev",
        "requests": [{"name": "add", "arguments": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]}],
    }
    assert (await client.post("/csi/v1/invoke_tool", json=body)).json() == [[{"type": "text", "text": "3"}]]
    conflicts = (await client.get("/readyz")).json()["mcp_servers"]["dev"]["conflicts"]
    assert {"tool": "add", "used": url, "hidden": [f"the program {stdio().command[0]}"]} in conflicts
