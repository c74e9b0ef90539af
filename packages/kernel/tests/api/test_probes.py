from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("path", ["/health", "/livez"])
async def test_a_live_process_says_ok(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path, headers={"authorization": "Basic x"})
    assert (response.status_code, response.text) == (200, "ok")
    assert response.headers["content-type"].startswith("text/plain")


async def test_ready(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (200, True)


async def test_not_ready_yet(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.ready = False
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (503, False)


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    response = await client.head("/health")
    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "2")
