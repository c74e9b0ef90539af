from __future__ import annotations

import re

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_landing_page_leads_to_the_documentation(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    assert "<title>PhariaKernel</title>" in response.text
    assert 'href="/api-docs"' in response.text


@pytest.mark.parametrize("path", ["/", "/api-docs"])
async def test_pages_refer_only_to_their_own_server(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text
    references = re.findall(r"(?:src|href|action|url)\s*[=(]\s*[\"']?([^\"')>\s]+)", page)
    assert references
    assert [reference for reference in references if not re.match(r"/(?!/)|data:,$", reference)] == []
    assert "<script" not in page
    assert "@import" not in page


@pytest.mark.parametrize("path", ["/", "/api-docs"])
async def test_pages_may_load_nothing_but_their_style(client: httpx.AsyncClient, path: str) -> None:
    policy = (await client.get(path)).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


async def test_links_of_the_landing_page_work(client: httpx.AsyncClient) -> None:
    for link in re.findall(r'href="(/[^"]*)"', (await client.get("/")).text):
        assert (await client.get(link)).status_code == 200, link


async def test_the_documentation_shows_every_operation_and_error(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api-docs")).text
    for path in (await client.get("/openapi.json")).json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert 'id="skill-not-found"' in page


async def test_the_world_of_skills_is_wit(client: httpx.AsyncClient) -> None:
    response = await client.get("/skill.wit")
    assert response.text.lstrip().startswith(("package pharia:skill@0.4", "//"))
    assert "package pharia:skill@0.4" in response.text
    assert response.headers["content-type"].startswith("text/plain")
