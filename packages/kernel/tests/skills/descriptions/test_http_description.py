"""Descriptions from a web server: what is asked, and what its answers mean."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from doubles.description_server import DescriptionServer, description_server
from pharia_kernel.skills.description import Description, ProgrammableEntry
from pharia_kernel.skills.descriptions import HttpDescription, HttpDescriptionOptions
from pharia_kernel.skills.registry import DescriptionInvalid, DescriptionUnavailable

A = Description((ProgrammableEntry(name="a"),))


@pytest.fixture
async def server() -> AsyncIterator[DescriptionServer]:
    async with description_server() as running:
        running.text = 'skills = [{ name = "a" }]'
        yield running


def description(server: DescriptionServer, **options: Any) -> HttpDescription:
    given = {"token": SecretStr("t0ken"), "settings": "namespaces.my-team", **options}
    return HttpDescription(HttpDescriptionOptions(server.url, **given))


async def test_the_token_is_sent_as_bearer(server: DescriptionServer) -> None:
    async with description(server) as source:
        assert await source.read() == A
    assert server.asked[0].headers["Authorization"] == "Bearer t0ken"


async def test_without_a_token_nothing_is_said_about_who_asks(server: DescriptionServer) -> None:
    async with description(server, token=None) as source:
        assert await source.read() == A
    assert "Authorization" not in server.asked[0].headers


async def test_an_unchanged_document_is_not_sent_again(server: DescriptionServer) -> None:
    async with description(server) as source:
        first = await source.read()
        assert await source.read() is first
        server.text = "skills = []"
        assert await source.read() == Description()
    assert [("If-None-Match" in request.headers) for request in server.asked] == [False, True, True]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_leaves_what_there_was(server: DescriptionServer, status: int) -> None:
    """Row 108."""
    async with description(server) as source:
        await source.read()
        server.status = status
        with pytest.raises(DescriptionUnavailable, match=f"answered {status}") as caught:
            await source.read()
        assert caught.value.last == A


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_a_document_that_is_not_there_is_an_error(server: DescriptionServer, status: int) -> None:
    """Row 109."""
    server.status = status
    async with description(server) as source:
        with pytest.raises(DescriptionInvalid, match=f"answered {status} instead of a document"):
            await source.read()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_names_its_setting_and_not_itself(server: DescriptionServer, status: int) -> None:
    server.status = status
    async with description(server) as source:
        with pytest.raises(DescriptionInvalid, match="NAMESPACES__MY_TEAM__CONFIG_ACCESS_TOKEN") as caught:
            await source.read()
    assert "t0ken" not in str(caught.value)
    assert "namespaces.my-team.config-access-token" in str(caught.value)


async def test_a_server_that_hangs_is_given_up(server: DescriptionServer) -> None:
    server.reply = server.hang
    async with description(server, seconds=0.05) as source:
        with pytest.raises(DescriptionUnavailable, match=r"did not answer within 0\.05 s"):
            await source.read()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/x"
    async with HttpDescription(HttpDescriptionOptions(url)) as source:
        with pytest.raises(DescriptionUnavailable, match="can not be read"):
            await source.read()


async def test_a_broken_answer_is_unavailable(server: DescriptionServer) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"skills")
        assert request.transport is not None
        request.transport.close()
        return response

    server.reply = half
    async with description(server) as source:
        with pytest.raises(DescriptionUnavailable):
            await source.read()


@pytest.mark.parametrize(("text", "reason"), [("skills = [", "not TOML"), ("nothing = 1", "skills is missing")])
async def test_what_is_no_description_names_the_url_and_the_reason(
    server: DescriptionServer, text: str, reason: str
) -> None:
    server.text = text
    async with description(server) as source:
        with pytest.raises(DescriptionInvalid, match=reason) as caught:
            await source.read()
    assert f"Unable to parse file at '{server.url}'" in str(caught.value)


async def test_an_endless_answer_is_cut_off(server: DescriptionServer) -> None:
    server.text = "#" * 2000
    async with description(server, most_bytes=1000) as source:
        with pytest.raises(DescriptionInvalid, match="more than 1,000 bytes"):
            await source.read()


async def test_the_token_does_not_follow_to_another_host(server: DescriptionServer) -> None:
    async with description_server() as other:
        other.text = server.text

        async def elsewhere(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(other.url)

        server.reply = elsewhere
        async with description(server) as source:
            assert await source.read() == A
        assert "Authorization" not in other.asked[0].headers


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://[broken"])
async def test_redirects_lead_to_web_servers_only(server: DescriptionServer, location: str) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    server.reply = elsewhere
    async with description(server) as source:
        with pytest.raises(DescriptionInvalid, match="is not followed"):
            await source.read()


async def test_a_circle_ends(server: DescriptionServer) -> None:
    async def here(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(server.url)

    server.reply = here
    async with description(server) as source:
        with pytest.raises(DescriptionInvalid, match="more than 5 other places"):
            await source.read()
    assert len(server.asked) == 6


async def test_a_start_while_the_server_is_away_finds_what_there_was(server: DescriptionServer, tmp_path: Path) -> None:
    kept = tmp_path / "descriptions" / "one"
    async with description(server, kept=kept) as source:
        await source.read()
    server.status = 503
    async with description(server, kept=kept) as source:
        with pytest.raises(DescriptionUnavailable) as caught:
            await source.read()
        assert caught.value.last == A
    kept.write_bytes(kept.read_bytes()[:-1])
    async with description(server, kept=kept) as source:
        with pytest.raises(DescriptionUnavailable) as caught:
            await source.read()
        assert caught.value.last is None


async def test_a_disk_that_takes_nothing_costs_only_the_memory(
    server: DescriptionServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    async with description(server, kept=tmp_path / "file" / "below") as source:
        assert await source.read() == A
    assert "could not be kept" in caplog.text


async def test_a_closed_source_says_so(server: DescriptionServer) -> None:
    with pytest.raises(DescriptionUnavailable, match="closed"):
        await description(server).read()
