"""What skills there are: list, metadata, cache."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.path import skill_path
from pharia_kernel.api.service import Service
from pharia_kernel.errors import RequestError
from pharia_kernel.skills import SkillType

SKILL_TYPES = get_args(SkillType)


def skill_routes(kernel: Service) -> list[BaseRoute]:
    async def list_skills(request: Request) -> Response:
        wanted: list[Any] = request.query_params.getlist("type")
        if len(wanted) > 1 or any(kind not in SKILL_TYPES for kind in wanted):
            raise RequestError(
                f"Failed to deserialize query string: type: `{wanted[-1]}` is none of `chat`, `programmable`"
            )
        skills = sorted(kernel.skills(caller_of(request.scope), next(iter(wanted), None)))
        return json_response([str(skill) for skill in skills])

    async def skill_metadata(request: Request) -> Response:
        return json_response(await kernel.metadata(skill_path(request.scope), caller_of(request.scope)))

    async def list_cached(request: Request) -> Response:
        cached = await kernel.cached_everywhere(caller_of(request.scope))
        return json_response([str(skill) for skill in cached])

    async def evict(request: Request) -> Response:
        removed = await kernel.evict_everywhere(skill_path(request.scope), caller_of(request.scope))
        return json_response("Skill removed from cache" if removed else "Skill was not present in cache")

    return [
        Route("/v1/skills", list_skills, methods=["GET"]),
        Route("/v1/skills/{namespace}/{name}/metadata", skill_metadata, methods=["GET"]),
        Route("/cached_skills", list_cached, methods=["GET"]),
        Route("/cached_skills/{namespace}/{name}", evict, methods=["DELETE"]),
    ]


def json_response(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
