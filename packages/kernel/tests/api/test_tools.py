from __future__ import annotations

from typing import Any

import httpx
import pytest

from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.types import Caller

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = pytest.mark.parametrize("route", ["tools", "mcp_servers"])


async def test_tools_are_sorted_by_name(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.servers["dev"] = []
    kernel.asking.script["list_tools"] = [ToolInfo("b", "B", {"type": "object"}), ToolInfo("a", "A", {})]
    response = await client.get("/v1/tools/dev", headers={"authorization": "Bearer me"})
    assert response.json() == [
        {"name": "a", "description": "A", "input_schema": {}},
        {"name": "b", "description": "B", "input_schema": {"type": "object"}},
    ]
    assert kernel.askers == [("dev", Caller("me"))]


async def test_servers_are_sorted(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.servers["dev"] = ["http://b/mcp", "http://a/mcp"]
    assert (await client.get("/v1/mcp_servers/dev")).json() == ["http://a/mcp", "http://b/mcp"]


@ROUTES
async def test_a_namespace_may_have_nothing(kernel: Any, client: httpx.AsyncClient, route: str) -> None:
    kernel.servers["dev"] = []
    kernel.asking.script["list_tools"] = []
    assert (await client.get(f"/v1/{route}/dev")).json() == []


@ROUTES
async def test_unknown_namespaces_are_not_found(client: httpx.AsyncClient, route: str) -> None:
    response = await client.get(f"/v1/{route}/nowhere")
    assert (response.status_code, response.json()["code"]) == (404, "namespace-not-found")
    assert response.json()["detail"] == "Namespace 'nowhere' not found"


@ROUTES
async def test_names_that_no_namespace_has_are_refused(client: httpx.AsyncClient, route: str) -> None:
    response = await client.get(f"/v1/{route}/Not_A_Name")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-namespace")
