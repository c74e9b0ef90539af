"""What people and tools read before they call: landing page, API documentation, OpenAPI document, WIT."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.api_docs import STYLE, docs_page, landing_page
from pharia_kernel.api.openapi import openapi_document
from pharia_kernel.api.skills import json_response

WIT_LINE = "0.4"
"""The newest line of the skill world whose functions are all stable."""

_WIT = ("runtimes", "wasm", "worlds", "wit", WIT_LINE, "skill.wit")
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_PAGE_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def page_routes() -> list[BaseRoute]:
    document = openapi_document()
    landing, docs = landing_page(), docs_page(document)
    wit = resources.files("pharia_kernel").joinpath(*_WIT).read_text("utf-8")

    async def show_landing(request: Request) -> Response:
        return HTMLResponse(landing, headers=_PAGE_HEADERS)

    async def show_docs(request: Request) -> Response:
        return HTMLResponse(docs, headers=_PAGE_HEADERS)

    async def show_openapi(request: Request) -> Response:
        return json_response(document)

    async def show_wit(request: Request) -> Response:
        return PlainTextResponse(wit)

    return [
        Route("/", show_landing, methods=["GET"]),
        Route("/api-docs", show_docs, methods=["GET"]),
        Route("/openapi.json", show_openapi, methods=["GET"]),
        Route("/skill.wit", show_wit, methods=["GET"]),
    ]
