"""For those who watch the process: is it alive, can it serve?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.caller import bearer_of
from pharia_kernel.api.service import Service
from pharia_kernel.api.skills import json_response
from pharia_kernel.types import Action


def probe_routes(kernel: Service) -> list[BaseRoute]:
    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(request: Request) -> Response:
        status = kernel.status()
        detail = await kernel.may(bearer_of(request.scope), None, Action.ADMIN)
        return json_response(status if detail else {"ready": status.ready}, 200 if status.ready else 503)

    return [
        Route("/health", alive, methods=["GET"]),
        Route("/livez", alive, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
    ]
