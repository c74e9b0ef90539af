"""What a namespace has, in which state it is, and what is wrong with it; for those who operate it."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.operation import Json, json_answer, operation
from pharia_kernel.api.path import skill_path
from pharia_kernel.api.service import Service
from pharia_kernel.api.skills import json_response
from pharia_kernel.skills import NamespaceStatus
from pharia_kernel.types import check_namespace

EXAMPLE: Json = {
    "skills": [
        {
            "name": "haiku",
            "state": "working",
            "digest": "sha256:0f343b0931126a20f133d67c2b018a3b5e1c4cc0a1e25f1c2a1d7d2c6d4c5c57",
            "problem": None,
            "type": "programmable",
            "tag": "1.4",
        }
    ],
    "problem": None,
    "state": "working",
    "warnings": [],
    "last_scan": "2025-01-31T08:15:30Z",
}


BACK: Json = {"skill": "team/haiku", "digest": "sha256:4a1c"}
RELEASED: Json = {"skill": "team/haiku", "released": True}
_ROLLBACK = "/v1/namespaces/{namespace}/skills/{name}/rollback"
_TO: Json = {
    "name": "to",
    "in": "query",
    "description": "Digest of the version; without it the one before.",
    "schema": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
}


def _members(**kinds: str) -> Json:
    members = {"skill": "string", **kinds}
    properties = {name: {"type": kind} for name, kind in members.items()}
    return {"type": "object", "properties": properties, "required": list(members)}


def namespace_routes(kernel: Service) -> list[BaseRoute]:
    async def status(request: Request) -> Response:
        namespace = check_namespace(request.path_params["namespace"])
        return json_response(kernel.namespace(namespace, caller_of(request.scope)))

    async def roll_back(request: Request) -> Response:
        skill = skill_path(request.scope)
        digest = await kernel.roll_back(skill, request.query_params.get("to"), caller_of(request.scope))
        return json_response({"skill": str(skill), "digest": digest})

    async def release(request: Request) -> Response:
        skill = skill_path(request.scope)
        released = await kernel.release(skill, caller_of(request.scope))
        return json_response({"skill": str(skill), "released": released})

    return [
        Route("/v1/namespaces/{namespace}", status, methods=["GET"]),
        Route(_ROLLBACK, roll_back, methods=["POST"]),
        Route(_ROLLBACK, release, methods=["DELETE"]),
    ]


def namespaces_document(ref_template: str) -> tuple[Json, Json]:
    """Paths, and the schemas they refer to."""
    (found,), schemas = msgspec.json.schema_components([NamespaceStatus], ref_template=ref_template)
    answer: dict[str, Any] = operation(
        "namespace_status",
        "operation",
        "What a namespace has and what is wrong with it",
        json_answer(found, "Its skills, the further versions of them included", example=EXAMPLE),
        parameters=[{"$ref": "#/components/parameters/namespace"}],
    )
    skill = [{"$ref": f"#/components/parameters/{name}"} for name in ("namespace", "name")]
    back = operation(
        "roll_back_skill",
        "operation",
        "Serve an earlier version of a skill",
        json_answer(_members(digest="string"), "The digest of the version that is served from now on", example=BACK),
        description="In all processes, until it is released; whatever the skill's tag stands for meanwhile.",
        parameters=[*skill, _TO],
    )
    released = operation(
        "release_skill",
        "operation",
        "Follow a skill's tag again",
        json_answer(_members(released="boolean"), "Whether it was rolled back", example=RELEASED),
        parameters=skill,
    )
    paths = {"/v1/namespaces/{namespace}": {"get": answer}, _ROLLBACK: {"post": back, "delete": released}}
    return paths, msgspec.json.decode(msgspec.json.encode(schemas))
