from __future__ import annotations

import httpx
import pytest

from pharia_kernel.api.problem import prefers_text

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_unknown_route(client: httpx.AsyncClient) -> None:
    response = await client.get("/execute_skill")
    assert (response.status_code, response.json()["code"]) == (404, "route-not-found")
    assert response.headers["content-type"] == "application/problem+json"
    assert "/execute_skill" in response.json()["detail"]


async def test_a_slash_makes_another_route(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/")).status_code == 404


async def test_an_unknown_route_does_not_ask_who_calls(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing", headers={"authorization": "Basic x"})).status_code == 404


async def test_wrong_method_names_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/skills/dev/x/run")
    assert (response.status_code, response.headers["allow"], response.json()["code"]) == (
        405,
        "POST",
        "method-not-allowed",
    )


async def test_nothing_is_allowed_across_origins(client: httpx.AsyncClient) -> None:
    headers = {"origin": "https://example.org", "access-control-request-method": "POST"}
    response = await client.options("/v1/skills/dev/x/run", headers=headers)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", True),
        ("text/plain, */*", True),
        ("application/json, text/plain", False),
        ("application/json;q=0.5, text/plain", True),
        ("text/plain;q=x", False),
        ("text/*", True),
        ("text/plain;q=0", False),
    ],
)
async def test_text_is_for_those_who_prefer_it(accept: str, text: bool) -> None:
    assert prefers_text(accept) is text
