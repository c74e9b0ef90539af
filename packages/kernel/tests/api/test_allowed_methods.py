"""A path may have several routes, each with methods of its own."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pharia_kernel.api.problem import on_http_exception


async def answer(request: Request) -> Response:
    return PlainTextResponse(request.method)


async def test_a_wrong_method_names_those_of_every_route_with_the_path() -> None:
    routes = [
        Route("/things/{name}", answer, methods=["GET"]),
        Route("/things/{name}", answer, methods=["DELETE"]),
        Route("/others/{name}", answer, methods=["PUT"]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: on_http_exception})
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kernel") as client:
        assert (await client.delete("/things/one")).text == "DELETE"
        refused = await client.post("/things/one")
    assert (refused.status_code, refused.json()["code"]) == (405, "method-not-allowed")
    assert refused.headers["allow"] == "DELETE, GET, HEAD"
    assert "only DELETE, GET, HEAD" in refused.json()["detail"]
