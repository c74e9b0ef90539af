"""What skills there are: list, metadata, cache."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.path import skill_path
from pharia_kernel.api.service import Service
from pharia_kernel.errors import RequestError

SKILL_TYPES = ("chat", "programmable")


def skill_routes(kernel: Service) -> list[BaseRoute]:
    async def list_skills(request: Request) -> Response:
        wanted = request.query_params.getlist("type")
        if len(wanted) > 1 or any(kind not in SKILL_TYPES for kind in wanted):
            raise RequestError(
                f"Failed to deserialize query string: type: `{wanted[-1]}` is none of `chat`, `programmable`"
            )
        skills = [] if wanted == ["chat"] else sorted(kernel.skills())  # every skill is a program so far
        return json_response([str(skill) for skill in skills])

    async def skill_metadata(request: Request) -> Response:
        return json_response(await kernel.metadata(skill_path(request.scope)))

    async def list_cached(request: Request) -> Response:
        return json_response([str(skill) for skill in kernel.cached()])

    async def evict(request: Request) -> Response:
        removed = kernel.evict(skill_path(request.scope))
        return json_response("Skill removed from cache" if removed else "Skill was not present in cache")

    return [
        Route("/v1/skills", known_caller(list_skills), methods=["GET"]),
        Route("/v1/skills/{namespace}/{name}/metadata", known_caller(skill_metadata), methods=["GET"]),
        Route("/cached_skills", known_caller(list_cached), methods=["GET"]),
        Route("/cached_skills/{namespace}/{name}", known_caller(evict), methods=["DELETE"]),
    ]


def known_caller(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint for callers whose ``Authorization`` header makes sense."""

    async def checked(request: Request) -> Response:
        caller_of(request.scope)
        return await endpoint(request)

    return checked


def json_response(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
