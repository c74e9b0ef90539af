"""Which route needs which right. A route that is named nowhere needs the right to operate the kernel.

The kernel decides again where a body names a namespace; what stands here is decided before the body is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from pharia_kernel.api.caller import CALLER_KEY, bearer_of
from pharia_kernel.api.service import Service
from pharia_kernel.types import Action

OPEN = frozenset({"/", "/health", "/livez", "/readyz", "/api-docs", "/openapi.json", "/skill.wit"})
"""Routes for everybody."""

_NEEDED = {
    "/v1/skills": Action.RUN,
    "/v1/tools": Action.CSI,
    "/v1/mcp_servers": Action.CSI,
    "/csi": Action.CSI,
}
"""By the beginning of the path, in whole segments; the longest counts."""


class GuardedRoute(Route):
    """Lets those in who have the right, in the namespace of the path if it has one."""

    def __init__(self, route: Route, kernel: Service) -> None:
        super().__init__(route.path, route.endpoint, methods=route.methods, include_in_schema=route.include_in_schema)
        self._kernel = kernel
        self.needed = needed(route.path)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        namespace = scope["path_params"].get("namespace")
        scope[CALLER_KEY] = await self._kernel.admit(bearer_of(scope), namespace, self.needed)
        await super().handle(scope, receive, send)


def guarded(routes: Iterable[BaseRoute], kernel: Service) -> Iterator[BaseRoute]:
    """The same routes, all but the open ones behind a guard. Raises :class:`TypeError` for what can not be guarded."""
    for route in routes:
        if not isinstance(route, Route):
            raise TypeError(f"{route!r} can not be guarded")
        yield route if route.path in OPEN else GuardedRoute(route, kernel)


def needed(path: str) -> Action:
    """Of a route that is not open."""
    while path:
        if path in _NEEDED:
            return _NEEDED[path]
        path = path.rpartition("/")[0]
    return Action.ADMIN
