"""``GET /v1/usage``: what was used, for those who operate."""

from __future__ import annotations

from datetime import date
from typing import get_args

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.caller import caller_of
from pharia_kernel.api.operation import Json, json_answer, operation
from pharia_kernel.api.service import Service
from pharia_kernel.api.skills import json_response
from pharia_kernel.errors import RequestError
from pharia_kernel.usage import DIMENSIONS, Dimension, UsageQuery, UsageReport

_NAMES = ("namespace", "skill", "caller", "model")
_DAYS = {"from": "first", "to": "last"}


def usage_routes(kernel: Service) -> list[BaseRoute]:
    async def usage(request: Request) -> Response:
        query = usage_query(request.query_params)
        return json_response(await kernel.usage(query, caller_of(request.scope)))

    return [Route("/v1/usage", usage, methods=["GET"])]


def usage_query(given: QueryParams) -> UsageQuery:
    """Raises :class:`RequestError`."""
    known = ("by", *_DAYS, *_NAMES)
    for name in given:
        if name not in known:
            raise RequestError(f"there is no parameter {name!r} (known: {', '.join(known)})")
        if len(given.getlist(name)) > 1:
            raise RequestError(f"{name} is there twice")
    days = {member: _day(name, given[name]) for name, member in _DAYS.items() if name in given}
    return UsageQuery(
        by=_dimensions(given.get("by")), **days, **{name: given[name] for name in _NAMES if name in given}
    )


def _dimensions(text: str | None) -> tuple[Dimension, ...]:
    if text is None:
        return DIMENSIONS
    chosen = [word for word in text.split(",") if word]
    for word in chosen:
        if word not in get_args(Dimension):
            raise RequestError(f"by: {word!r} is none of {', '.join(DIMENSIONS)}")
    return tuple(name for name in DIMENSIONS if name in chosen)


def _day(name: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise RequestError(f"{name}: {text!r} is no day; write it like 2025-01-31") from None


def usage_document(ref: str) -> tuple[Json, Json]:
    """Paths and schemas of the OpenAPI document."""
    _, schemas = msgspec.json.schema_components((UsageReport,), ref_template=ref)
    return {"/v1/usage": {"get": _USAGE}}, schemas


def _parameter(name: str, description: str, schema: Json | None = None) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


_DAY_SCHEMA = {"type": "string", "format": "date"}
_USAGE = operation(
    "usage",
    "operation",
    "What was used",
    json_answer({"$ref": "#/components/schemas/UsageReport"}, "Calls, time and tokens"),
    description="Of the namespaces that the caller operates, counted in all processes that serve together.",
    parameters=[
        _parameter(
            "by", "What rows are told apart by, with commas between; without it, by all: " + ", ".join(DIMENSIONS)
        ),
        _parameter("from", "First day, in UTC.", _DAY_SCHEMA),
        _parameter("to", "Last day, in UTC.", _DAY_SCHEMA),
        *(_parameter(name, f"Only of this {name}.") for name in _NAMES),
    ],
)
