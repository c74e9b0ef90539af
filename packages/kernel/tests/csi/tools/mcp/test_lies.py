"""Servers that do not keep to the protocol: the skill is told, in words that are ours, and nothing else suffers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from doubles.mcp_servers import Asking, Process, stdio, until
from pharia_kernel.csi.tools.mcp import Secret
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolOutput

Ask = Callable[..., Awaitable[Asking]]

_LIE = ToolInfo("lie", "", {"type": "object"})
_NO_ANSWER = "it ended the connection without an answer"
_NO_LIST = "its tools can not be listed"
_TOO_MUCH = "it sent more than 100,000 bytes in one answer"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("text", "it sent something that is not a message of the protocol"),
        ("no-result", "it sent something that is not a message of the protocol"),
        ("html", "it accepted the request, and answered neither JSON nor events"),
        ("accepted", "it accepted the request, and answered neither JSON nor events"),
        ("wrong-id", "it answered another request than the one it was asked"),
        ("wrong-shape", "it answered something else than the protocol asks for"),
        ("huge", _TOO_MUCH),
        ("huge-events", _TOO_MUCH),
        ("huge-line", _TOO_MUCH),
        ("cut", _NO_ANSWER),
        ("busy", "it answered 503: no, Bearer s3cret"),
        ("unauthorized", "it answered 401: no, Bearer s3cret (check the secrets that are configured for it)"),
        ("circle", "it redirects in a circle"),
        ("elsewhere", "it redirects to another server; configure the URL of that one"),
    ],
)
async def test_an_answer_that_is_none_is_an_error_for_the_skill(
    ask: Ask, server: Process, kind: str, told: str
) -> None:
    asking = await ask(server.at(f"/lies/{kind}"), message_bytes=100_000)
    assert await asking.list() == {"lie": _LIE}
    expected = ToolError(f"The tool call could not be executed, original error: {told}")
    assert await asking.call("lie") == expected
    assert await asking.call("lie") == expected


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("empty", ToolOutput(())),
        ("structured", ToolOutput(('{"ä":[1]}',))),
        ("silent-failure", ToolError("The tool failed without saying why.")),
        ("asks", ToolOutput(("you told me nothing",))),
        ("resumed", ToolOutput(("at last",))),
        (
            "strange-content",
            ToolOutput(
                (
                    "[content of kind hologram, which can not be given as text]",
                    "[content of kind text, which can not be given as text]",
                    "[content of kind None, which can not be given as text]",
                    "[content of kind resource, which can not be given as text]",
                )
            ),
        ),
    ],
)
async def test_what_may_be_missing_or_added_does_no_harm(
    ask: Ask, server: Process, kind: str, result: ToolOutput | ToolError
) -> None:
    assert await (await ask(server.at(f"/lies/{kind}"))).call("lie") == result


async def test_a_tool_that_is_described_badly_does_not_hide_the_others(ask: Ask, server: Process) -> None:
    bare = ToolInfo("bare", "", {"type": "object"})
    assert await (await ask(server.at("/lies/list-part"))).list() == {"lie": _LIE, "bare": bare}


async def test_pages_that_go_in_a_circle_come_to_an_end(ask: Ask, server: Process) -> None:
    assert list(await (await ask(server.at("/lies/same-page"))).list()) == ["lie"]


@pytest.mark.parametrize(
    ("kind", "state", "problem"),
    [
        (
            "list-shape",
            "connected",
            f"{_NO_LIST}: it answered something else than the protocol asks for",
        ),
        ("list-error", "connected", f"{_NO_LIST}: no lists here"),
        ("old-version", "lost", "Unsupported protocol version from the server: 1999-01-01"),
        ("no-introduction", "lost", "it introduced itself in a way that is not the protocol's"),
    ],
)
async def test_a_server_without_tools_hides_none_of_another(
    ask: Ask, server: Process, kind: str, state: str, problem: str
) -> None:
    asking = await ask(server.at(f"/lies/{kind}"), server.at("/pages"))
    assert "tool-00" in await asking.list()
    status, _ = asking.status().servers
    assert (status.state, status.problem) == (state, problem)


async def test_a_server_that_says_nothing_holds_up_nobody_for_long(ask: Ask, server: Process) -> None:
    asking = await ask(server.at("/lies/silence"), server.at("/pages"), first_list_seconds=0.01)

    async def listed() -> bool:
        return "tool-00" in await asking.list()

    await until(listed)
    assert await asking.json("tool-01") == {"called": "tool-01"}
    assert asking.status().servers[0].state == "connecting"


async def test_a_list_that_does_not_come_is_not_waited_for(ask: Ask, server: Process) -> None:
    asking = await ask(server.at("/lies/list-silence"), list_seconds=0.05)
    assert await asking.list() == {}
    (status,) = asking.status().servers
    assert (status.state, status.problem) == ("connected", f"{_NO_LIST}: it did not list its tools within 0.05 s")


async def test_what_a_server_repeats_of_its_secrets_is_masked(ask: Ask, server: Process) -> None:
    secrets = (("Authorization", Secret(variable="KEY", prefix="Bearer ")),)
    more: dict[str, Any] = {"environ": {"KEY": "s3cret"}}
    asking = await ask(server.at("/lies/echo", secrets=secrets), more=more)
    told = "The tool call could not be executed, original error: you are ***"
    assert await asking.call("lie") == ToolError(told)


async def test_a_line_without_end_ends_the_process_and_not_the_kernel(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    asking = await ask(stdio("liar"), message_bytes=100_000)
    with caplog.at_level(logging.ERROR):
        assert await asking.call("lie") == ToolError(
            f"The tool call could not be executed, original error: {_NO_ANSWER}"
        )
    assert "sent more than 100,000 bytes in one message" in caplog.text
