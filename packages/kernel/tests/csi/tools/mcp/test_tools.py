"""Which server has a tool, what servers are given, and what operators see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider

from doubles.mcp_servers import Asking, Process, stdio
from pharia_kernel.csi.bound import Drivers, InvocationCsi
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.tools import NativeTools, Toolbox, ToolScope
from pharia_kernel.csi.tools.mcp import HttpServer, McpOptions, McpTools, Secret, ToolConflict
from pharia_kernel.csi.types import ToolError, ToolOutput, ToolRequest
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.propagation import trace_headers
from pharia_kernel.types import Caller, ToolBegin, ToolEnd, ToolEvent, ToolFailed

Ask = Callable[..., Awaitable[Asking]]

_FAILED = "The tool call could not be executed, original error: "


async def test_the_server_that_is_configured_first_has_a_name_that_several_have(
    ask: Ask, server: Process, caplog: pytest.LogCaptureFixture
) -> None:
    plain, sessions = server.at("/plain"), server.at("/sessions")
    with caplog.at_level(logging.WARNING, "pharia_kernel.tools.mcp"):
        asking = await ask(plain, sessions, more={"taken": {"dev": ["add"]}})
        for _ in range(3):
            assert "mcp-session-id" not in await asking.json("headers")
    conflicts = {conflict.tool: conflict for conflict in asking.status().conflicts}
    assert conflicts["headers"] == ToolConflict("headers", plain.url, (sessions.url,))
    assert conflicts["add"] == ToolConflict("add", "the kernel", (plain.url, sessions.url))
    assert sum("tool headers is the one of" in record.message for record in caplog.records) == 1
    assert "mcp-session-id" in await (await ask(sessions, plain)).json("headers")


async def test_namespaces_share_a_connection_and_not_their_tools(server: Process) -> None:
    one, other = server.at("/sessions"), server.at("/pages")
    options = McpOptions(first_list_seconds=60, connect_seconds=60)
    async with McpTools({"a": [one, one], "b": [one, other], "c": []}, options) as tools:

        async def call(namespace: str, name: str) -> Any:
            scope = ToolScope(namespace, Caller())
            await tools.list(scope)
            return await tools.invoke(scope, ToolRequest(name, ()))

        sessions = [msgspec.json.decode((await call(name, "headers")).texts[0]) for name in ("a", "b")]
        assert sessions[0]["mcp-session-id"] == sessions[1]["mcp-session-id"]
        assert isinstance(await call("b", "tool-00"), ToolOutput)
        for namespace in ("a", "c", "unknown"):
            assert await call(namespace, "tool-00") == ToolError("Tool tool-00 not found on any server.")
        assert list(tools.status()) == ["a", "b"]
        assert [len(status.servers) for status in tools.status().values()] == [1, 2]
        assert (tools.urls("b"), tools.urls("c"), tools.urls("d")) == (sorted([one.url, other.url]), [], [])


async def test_what_a_namespace_has_can_change(server: Process, caplog: pytest.LogCaptureFixture) -> None:
    one, pages = server.at("/sessions"), server.at("/pages")
    a, b = (ToolScope(name, Caller()) for name in ("a", "b"))
    options = McpOptions(first_list_seconds=60, connect_seconds=60)
    async with McpTools({"a": [one]}, options) as tools:
        assert await tools.list(b) == ()
        session = await tools.invoke(a, ToolRequest("headers", ())) if await tools.list(a) else None
        with caplog.at_level(logging.INFO, "pharia_kernel.tools.mcp"):
            tools.assign("b", [one, pages])
            assert len(await tools.list(b)) == len(await tools.list(a)) + 15
            tools.assign("b", [one, pages])
        assert caplog.text.count("has 15 tools") == 1
        tools.assign("a", [])
        assert await tools.list(a) == ()
        again = await tools.invoke(b, ToolRequest("headers", ()))
        assert isinstance(session, ToolOutput)
        assert isinstance(again, ToolOutput)
        ids = {msgspec.json.decode(found.texts[0])["mcp-session-id"] for found in (session, again)}
        assert len(ids) == 1
        tools.assign("b", [pages])
        assert await tools.invoke(b, ToolRequest("headers", ())) == ToolError("Tool headers not found on any server.")
        tools.assign("a", [one])
        assert await tools.list(a)
        anew = await tools.invoke(a, ToolRequest("headers", ()))
        assert isinstance(anew, ToolOutput)
        assert msgspec.json.decode(anew.texts[0])["mcp-session-id"] not in ids


async def test_a_server_that_is_added_later_is_waited_for_no_longer_than_others(server: Process) -> None:
    async with McpTools({}, McpOptions(first_list_seconds=0.01)) as tools:
        tools.assign("dev", [server.at("/lies/silence")])
        assert await tools.list(ToolScope("dev", Caller())) == ()


@pytest.mark.parametrize("url", ["http://[bad", "nonsense", "ftp://a/b", "http://", "http://user:s3cret@127.0.0.1:9/"])
async def test_a_url_that_can_not_be_used_is_the_servers_problem(ask: Ask, url: str) -> None:
    asking = await ask(HttpServer(url))
    assert await asking.list() == {}
    (status,) = asking.status().servers
    assert status.state == "lost"
    assert status.problem is not None
    assert "unexpectedly" not in status.problem
    assert "s3cret" not in repr(status)


async def test_a_server_gets_headers_and_secrets_and_nothing_of_the_caller(
    ask: Ask, server: Process, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    one = server.at(
        "/plain",
        headers=(("X-Team", "blue"),),
        secrets=(
            ("Authorization", Secret(variable="TOOLS_TOKEN", prefix="Bearer ")),
            ("X-Api-Key", Secret(file=tmp_path / "key")),
        ),
    )
    asking = await ask(one, more={"environ": {"TOOLS_TOKEN": "from-the-environment"}})
    headers = await asking.json("headers")
    assert (headers["x-team"], headers["x-api-key"]) == ("blue", "from-a-file")
    assert headers["authorization"] == "Bearer from-the-environment"
    assert "of-the-caller" not in str(headers)
    assert "from-a" not in repr(asking.status())


async def test_a_process_gets_what_it_is_given_and_no_secrets_of_the_kernel(
    ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = stdio(
        environment=(("TEAM", "blue"),), secrets=(("API_KEY", Secret(variable="TOOLS_TOKEN")),), directory=tmp_path
    )
    environ = {"TOOLS_TOKEN": "s3cret", "PATH": "/usr/bin:/bin", "OPENAI_INFERENCE__TOKEN": "sk-kernel"}
    with caplog.at_level(logging.DEBUG, "pharia_kernel.tools.mcp"):
        asking = await ask(one, more={"environ": environ})
        found = await asking.json("environment")
    assert (found["TEAM"], found["API_KEY"], found["PATH"]) == ("blue", "s3cret", "/usr/bin:/bin")
    assert found["directory"] == str(tmp_path)
    assert {"TOOLS_TOKEN", "OPENAI_INFERENCE__TOKEN"}.isdisjoint(found)
    assert "on the error stream ***" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (Secret(variable="NOT_SET"), "the environment variable NOT_SET should have a secret for it, and is empty"),
        (Secret(variable="BROKEN"), "the environment variable BROKEN has a secret for it with a line break"),
        (Secret(file=Path("/no/such/file")), "the file /no/such/file, which has a secret for it, can not be read"),
    ],
)
async def test_a_secret_that_is_not_there_is_the_servers_problem(
    ask: Ask, server: Process, secret: Secret, problem: str
) -> None:
    one = server.at("/plain", secrets=(("Authorization", secret),))
    asking = await ask(one, more={"environ": {"BROKEN": "a\r\nX: b"}})
    assert await asking.list() == {}
    (status,) = asking.status().servers
    assert (status.problem or "").startswith(problem)


async def test_arguments_that_are_not_json_are_an_error_for_the_skill(server: Process) -> None:
    async with McpTools({"dev": [server.at("/plain")]}, McpOptions(first_list_seconds=60)) as tools:
        scope = ToolScope("dev", Caller())
        await tools.list(scope)
        for value in (b"", b"{", b"\xff", b"[" * 9999, b"NaN"):
            result = await tools.invoke(scope, ToolRequest("repeat", (("value", value),)))
            assert isinstance(result, ToolError)
            assert result.message.startswith(f"{_FAILED}the value of argument value is not JSON")
        for deep in (b"[" * 101 + b"]" * 101, b'{"a":' * 500 + b"1" + b"}" * 500):
            result = await tools.invoke(scope, ToolRequest("repeat", (("value", deep),)))
            assert result == ToolError(f"{_FAILED}the value of argument value is nested deeper than 100 times")
        deepest = b"[" * 99 + b"1" + b"]" * 99
        assert isinstance(await tools.invoke(scope, ToolRequest("repeat", (("value", deepest),))), ToolOutput)
        twice = ToolRequest("repeat", (("value", b"1"), ("value", b"2")))
        assert await tools.invoke(scope, twice) == ToolOutput(("2",))


async def test_each_call_belongs_to_the_trace_of_its_span(server: Process) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("test")
    options = McpOptions(first_list_seconds=60)
    async with McpTools({"dev": [server.at("/sessions")]}, options, trace_headers=trace_headers) as tools:
        csi = InvocationCsi(Drivers(AbsentBackend(), Toolbox([tools]), tracer), Caller(), "dev")
        with tracer.start_as_current_span("the skill") as span:
            results = await csi.invoke_tools([ToolRequest("headers", ())] * 2)
        parents = [msgspec.json.decode(result.texts[0])["traceparent"] for result in results]  # type: ignore[union-attr]
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert [parent.split("-")[1] for parent in parents] == [trace_id, trace_id]
    assert parents[0] != parents[1]


async def test_native_tools_come_first_and_events_frame_all_calls(server: Process) -> None:
    events: list[ToolEvent] = []

    async def note(event: ToolEvent) -> None:
        events.append(event)

    async with McpTools({"dev": [server.at("/sessions")]}, McpOptions(first_list_seconds=60)) as tools:
        toolbox = Toolbox([NativeTools({"dev": ["saboteur"]}), tools])
        csi = InvocationCsi(Drivers(AbsentBackend(), toolbox), Caller(), "dev", note)
        listed = [tool.name for tool in await csi.list_tools()]
        assert listed == sorted(listed)
        assert {"add", "saboteur"} <= set(listed)
        add = ToolRequest("add", (("a", b"1"), ("b", b"2")))
        await csi.invoke_tools([ToolRequest("saboteur", ()), add, ToolRequest("fail", ()), add])
    assert events == [
        ToolBegin("saboteur"),
        ToolBegin("add"),
        ToolBegin("fail"),
        ToolBegin("add"),
        ToolFailed("saboteur", "Out of cheese."),
        ToolEnd("add"),
        ToolFailed("fail", "Error executing tool fail: broken on purpose"),
        ToolEnd("add"),
    ]


async def test_many_calls_at_once_get_each_its_own_answer(ask: Ask, server: Process) -> None:
    asking = await ask(server.at("/sessions"))
    answers = await asyncio.gather(*(asking.call("add", a=number, b=1) for number in range(100)))
    assert answers == [ToolOutput((str(number + 1),)) for number in range(100)]


def test_without_the_sdk_servers_can_not_be_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pharia_kernel.csi.tools.mcp.tools.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "pharia-kernel\[mcp\]"'):
        McpTools({"dev": [HttpServer("http://127.0.0.1:1/mcp")]})
    McpTools({"dev": []})
