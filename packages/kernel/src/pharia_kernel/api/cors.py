"""Web pages of other origins: none, unless the operator names them."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from pharia_kernel.config.access import CorsSettings

_METHODS = ("GET", "POST", "DELETE")
_SENT = ("authorization", "content-type", "traceparent", "tracestate")
_READ = ("retry-after", "traceparent", "www-authenticate", "x-skill-digest", "x-skill-warning")


def cors(settings: CorsSettings) -> list[Middleware]:
    """Preflight requests are answered before access is checked. Browsers never send credentials by themselves."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_READ,
        )
    ]
