"""Errors as HTTP answers: RFC 9457 problem documents, or their text alone for those who ask for text."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from pharia_kernel.errors import (
    AccessError,
    HostFault,
    KernelError,
    MethodNotAllowed,
    RequestError,
    RouteNotFound,
    Saturated,
)
from pharia_kernel.telemetry.tracing import current_trace_id

MEDIA_TYPE = "application/problem+json"
ERROR_KEY = "pharia_kernel.error"
"""Where the error that was answered stands in the ASGI scope, for the log."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request failed."""

    type: str
    """Where the code is explained."""
    title: str
    status: int
    detail: str
    code: str
    """Stable, for programs."""
    trace_id: str | None = None
    """Finds the request in the kernel's log."""
    retry_after: int | None = None
    """Seconds."""


class StreamProblem(Problem, frozen=True, omit_defaults=True, kw_only=True):
    """The last event of a stream that failed."""

    message: str


def problem_members(error: KernelError) -> dict[str, Any]:
    return {
        "type": f"/api-docs#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
        "trace_id": current_trace_id(),
        "retry_after": error.retry_after,
    }


def host_fault() -> HostFault:
    """What a caller sees of a bug in the kernel: nothing from inside."""
    trace_id = current_trace_id()
    return HostFault(f"The kernel failed unexpectedly; its log has the reason under trace id {trace_id or 'unknown'}")


def shutting_down() -> Saturated:
    return Saturated("The kernel is shutting down; try again")


def problem_response(scope: Scope, error: KernelError, text_prefix: str = "") -> Response:
    """``text_prefix`` comes before the error for those who ask for text."""
    scope[ERROR_KEY] = error
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if isinstance(error, AccessError) and error.challenge is not None:
        headers["www-authenticate"] = error.challenge
    if prefers_text(Headers(scope=scope).get("accept", "")):
        return Response(text_prefix + str(error), error.status, headers, "text/plain")
    content = msgspec.json.encode(Problem(**problem_members(error)))
    return Response(content, error.status, headers, MEDIA_TYPE)


async def on_kernel_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, KernelError)
    return problem_response(request.scope, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the router raises, in the words of the kernel."""
    assert isinstance(error, HTTPException)
    path, method = request.url.path, request.method
    if error.status_code == 404:
        return problem_response(request.scope, RouteNotFound(f"There is no route {path} (see /api-docs)"))
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        response = problem_response(request.scope, MethodNotAllowed(f"{path} does not take {method}, only {allowed}"))
        response.headers["allow"] = allowed
        return response
    return problem_response(request.scope, RequestError(str(error.detail)))


def _methods(request: Request) -> list[str]:
    """Of all routes with the path; the router names those of the first one alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    here = [route.methods or () for route in routes if route.path_regex.match(request.scope["path"])]
    return sorted({method for methods in here for method in methods})


def prefers_text(accept: str) -> bool:
    """Whether ``text/plain`` is wanted more than JSON."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            weights[media_type] = float(quality)
        except ValueError:
            weights[media_type] = 0.0
    text = weights.get("text/plain", weights.get("text/*", 0.0))
    json = max(weights.get(name, 0.0) for name in (MEDIA_TYPE, "application/json", "application/*"))
    return text > json
