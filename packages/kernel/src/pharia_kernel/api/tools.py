"""Which tools a namespace has, and where they come from."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.csi.tools import tools
from pharia_kernel.api.service import Service
from pharia_kernel.api.skills import json_response
from pharia_kernel.types import check_namespace


def tool_routes(kernel: Service) -> list[BaseRoute]:
    async def list_tools(request: Request) -> Response:
        found = await kernel.tools(check_namespace(request.path_params["namespace"]), caller_of(request.scope))
        return json_response(tools(found))

    async def list_mcp_servers(request: Request) -> Response:
        namespace = check_namespace(request.path_params["namespace"])
        return json_response(sorted(kernel.mcp_servers(namespace, caller_of(request.scope))))

    return [
        Route("/v1/tools/{namespace}", list_tools, methods=["GET"]),
        Route("/v1/mcp_servers/{namespace}", list_mcp_servers, methods=["GET"]),
    ]
