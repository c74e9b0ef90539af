"""The HTTP face of the kernel as one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from pharia_kernel.api.cors import cors
from pharia_kernel.api.csi.routes import csi_routes
from pharia_kernel.api.documents.routes import document_routes
from pharia_kernel.api.guard import guarded
from pharia_kernel.api.message_stream import MessageStream
from pharia_kernel.api.namespaces import namespace_routes
from pharia_kernel.api.pages import page_routes
from pharia_kernel.api.probes import probe_routes
from pharia_kernel.api.problem import on_http_exception, on_kernel_error
from pharia_kernel.api.request_log import RequestLog
from pharia_kernel.api.run import Run
from pharia_kernel.api.service import Service
from pharia_kernel.api.skills import skill_routes
from pharia_kernel.api.tools import tool_routes
from pharia_kernel.api.usage import usage_routes
from pharia_kernel.config import LimitSettings, Settings
from pharia_kernel.errors import KernelError
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.telemetry.tracing import Tracing


def create_app(
    kernel: Service, settings: Settings, tracing: Tracing | None = None, metrics: Metrics | None = None
) -> Starlette:
    """The application; ``kernel`` stays the caller's, who enters and leaves it."""
    routes = [
        *invocation_routes(kernel, settings.limits),
        *skill_routes(kernel),
        *tool_routes(kernel),
        *namespace_routes(kernel),
        *csi_routes(kernel, settings.limits),
        *document_routes(kernel, settings),
        *usage_routes(kernel),
        *probe_routes(kernel),
        *page_routes(),
    ]
    app = Starlette(
        routes=list(guarded(routes, kernel)),
        middleware=[Middleware(RequestLog, tracing or Tracing(), metrics), *cors(settings.cors)],
        exception_handlers={KernelError: on_kernel_error, HTTPException: on_http_exception},
    )
    app.router.redirect_slashes = False
    return app


def invocation_routes(kernel: Service, limits: LimitSettings) -> list[BaseRoute]:
    skill = "/v1/skills/{namespace}/{name}"
    return [
        Route(f"{skill}/run", Run(kernel, limits), methods=["POST"]),
        Route(f"{skill}/message-stream", MessageStream(kernel, limits), methods=["POST"]),
    ]
