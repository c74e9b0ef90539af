"""The agent of the examples on the whole kernel: a scripted model, a real MCP server, HTTP in front."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles.mcp_servers import until
from doubles.openai_stub import Events, OpenAiStub, chat_chunks, delta, usage
from pharia_kernel import Kernel, Settings
from pharia_kernel.api.server import bind, serve

from .answers import BEGIN, Event, append, events_of
from .conftest import EXAMPLES, Haiku, built

pytestmark = pytest.mark.timeout(480)

_SERVER = EXAMPLES / "tools" / "orders.py"
_QUESTION = {"messages": [{"role": "user", "content": "Where are my orders, and what do they cost together?"}]}


@pytest.fixture(scope="session")
def agent() -> Haiku:
    return built("agent")


def asks_for(*calls: tuple[str, dict[str, Any]]) -> Events:
    """A model that wants tools to be called, as it is streamed."""
    chunks = [delta(role="assistant", content=None)]
    for index, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        chunks.append(delta(tool_calls=[{"index": index, "id": f"c{index}", "type": "function", "function": function}]))
        chunks.append(delta(tool_calls=[{"index": index, "function": {"arguments": json.dumps(arguments)}}]))
    return Events([*chunks, delta("tool_calls"), usage()])


@asynccontextmanager
async def serving(
    folder: Path, agent: Haiku, model: OpenAiStub, servers: list[Any]
) -> AsyncIterator[httpx.AsyncClient]:
    skills = folder / "skills"
    skills.mkdir()
    (skills / "agent.wasm").write_bytes(agent.component)
    settings = Settings.model_validate(
        {
            "namespaces": {"dev": {"directory": skills, "native-tools": ["add"], "mcp-servers": servers}},
            "openai-inference": {"url": model.url, "token": "t"},
            "limits": {"memory-bytes": "96MiB"},
            "cache-dir": agent.code_folder,
        }
    )
    async with (
        Kernel(settings) as kernel,
        serve(kernel, settings, listener=bind("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=120) as client,
    ):
        yield client


async def tools(client: httpx.AsyncClient, wanted: int) -> list[dict[str, Any]]:
    """When the server has been started, and has said what it has."""
    found: list[dict[str, Any]] = []

    async def listed() -> bool:
        found[:] = (await client.get("/v1/tools/dev")).json()
        return len(found) == wanted

    await until(listed)
    return found


async def ask(client: httpx.AsyncClient) -> list[Event]:
    async with client.stream("POST", "/v1/skills/dev/agent/message-stream", json=_QUESTION) as response:
        assert response.status_code == 200
        return [event async for event in events_of(response)]


def tool_event(kind: str, name: str, **more: str) -> Event:
    return Event("tool", {"type": kind, "name": name, **more})


async def test_the_agent_looks_things_up_before_it_answers(tmp_path: Path, agent: Haiku) -> None:
    async with (
        OpenAiStub(
            asks_for(("order_state", {"number": "A-17"}), ("order_state", {"number": "A-99"})),
            asks_for(
                ("order_price", {"number": "A-17"}), ("add", {"a": 20, "b": 22}), ("add_up", {"prices": [19.9, 5.1]})
            ),
            Events(chat_chunks("On its ", "way.")),
        ) as model,
        serving(tmp_path, agent, model, [{"command": [sys.executable, str(_SERVER)]}]) as client,
    ):
        listed = await tools(client, 3)
        servers = (await client.get("/v1/mcp_servers/dev")).json()
        events = await ask(client)
        ready = (await client.get("/readyz")).json()
    assert [tool["name"] for tool in listed] == ["add", "order_price", "order_state"]
    assert servers == []
    (status,) = ready["mcp_servers"]["dev"]["servers"]
    assert (status["state"], status["tools"]) == ("connected", ["order_state", "order_price"])
    unknown = "Error executing tool order_state: there is no order A-99"
    assert [event for event in events if event.name == "tool"] == [
        tool_event("begin", "order_state"),
        tool_event("begin", "order_state"),
        tool_event("end", "order_state"),
        tool_event("error", "order_state", message=unknown),
        tool_event("begin", "order_price"),
        tool_event("begin", "add"),
        tool_event("end", "order_price"),
        tool_event("end", "add"),
    ]
    assert [event for event in events if event.name == "message"] == [
        BEGIN,
        append("On its "),
        append("way."),
        Event("message", {"type": "end", "payload": None}),
    ]
    asked = [request.body for request in model.received]
    assert {tool["function"]["name"] for tool in asked[0]["tools"]} == {"add", "add_up", "order_price", "order_state"}
    told = [message["content"] for message in asked[-1]["messages"] if message["role"] == "tool"]
    assert (told[0], told[2:]) == ("on its way", ["19.9", "42", "25.00 euros"])
    assert unknown in told[1]


async def test_an_agent_whose_server_is_dead_answers_without_it(tmp_path: Path, agent: Haiku) -> None:
    async with (
        OpenAiStub(Events(chat_chunks("I can not look it up."))) as model,
        serving(tmp_path, agent, model, ["http://127.0.0.1:9/mcp"]) as client,
    ):
        events = await ask(client)
        servers = (await client.get("/v1/mcp_servers/dev")).json()
    assert append("I can not look it up.") in events
    assert servers == ["http://127.0.0.1:9/mcp"]
    assert {tool["function"]["name"] for tool in model.received[0].body["tools"]} == {"add", "add_up"}
