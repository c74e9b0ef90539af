"""The tools of MCP servers, as a source."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import msgspec

from pharia_kernel.csi.tools.mcp.failures import ServerFailed
from pharia_kernel.csi.tools.mcp.link import Link, ServerStatus
from pharia_kernel.csi.tools.mcp.merged import Merged, ToolConflict
from pharia_kernel.csi.tools.mcp.servers import Given, HttpServer, McpOptions, McpServer
from pharia_kernel.csi.tools.source import ToolScope
from pharia_kernel.csi.types import ToolError, ToolInfo, ToolRequest, ToolResult
from pharia_kernel.errors import ConfigError

logger = logging.getLogger("pharia_kernel.tools.mcp")

_DEPTH = 100
"""Of arguments; the SDK can send about twice as much."""


@dataclass(frozen=True, slots=True)
class McpStatus:
    """Of one namespace."""

    servers: tuple[ServerStatus, ...]
    """In the order in which they are configured, which decides who has a name that several have."""
    conflicts: tuple[ToolConflict, ...]


class McpTools:
    """An async context manager that owns the connections and processes; one for each server, whoever uses it.

    Entering waits for nothing.
    """

    def __init__(
        self,
        namespaces: Mapping[str, Sequence[McpServer]],
        options: McpOptions = McpOptions(),  # noqa: B008  # frozen
        *,
        taken: Mapping[str, Collection[str]] | None = None,
        trace_headers: Callable[[], Mapping[str, str]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """``taken`` are the names of tools that each namespace has from elsewhere, and that come first.

        ``environ`` holds the secrets and what processes get; by default the one of this process. Raises
        :class:`ConfigError` where the SDK is not installed.
        """
        self._options = options
        self._trace_headers = trace_headers or dict
        self._environ = os.environ if environ is None else environ
        self._links: dict[McpServer, Link] = {}
        self._merged: dict[str, Merged] = {}
        self._keepers: dict[Link, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None
        for name, servers in namespaces.items():
            self.assign(name, servers, taken=(taken or {}).get(name, ()))

    async def __aenter__(self) -> McpTools:
        begun = asyncio.Event()
        self._task = asyncio.create_task(self._own(begun), name="mcp-servers")
        await begun.wait()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def assign(self, namespace: str, servers: Sequence[McpServer], *, taken: Collection[str] = ()) -> None:
        """From now on the namespace has these; connections that no namespace has any more are ended.

        Raises :class:`ConfigError`.
        """
        if servers and find_spec("mcp") is None:
            raise ConfigError(
                f"namespace {namespace!r}: mcp-servers need a package that is not installed "
                '(pip install "pharia-kernel[mcp]"); or remove them from the configuration'
            )
        links = tuple(self._link(server) for server in dict.fromkeys(servers))
        before = self._merged.get(namespace)
        if before is None or (before.links, before.taken) != (links, frozenset(taken)):
            self._merged[namespace] = Merged(namespace, links, frozenset(taken))
        used = {link for merged in self._merged.values() for link in merged.links}
        for link in [link for link in self._links.values() if link not in used]:
            del self._links[link.given.server]
            link.ending = True
            if keeper := self._keepers.pop(link, None):
                keeper.cancel()

    async def list(self, scope: ToolScope) -> Sequence[ToolInfo]:
        """What is known. Only just after the start it waits, for lists that are about to come."""
        merged = self._merged.get(scope.namespace)
        if merged is None:
            return ()
        await self._first_lists(merged)
        return merged.tools()

    async def invoke(self, scope: ToolScope, request: ToolRequest) -> ToolResult:
        merged = self._merged.get(scope.namespace)
        link = merged.link(request.name) if merged is not None else None
        if link is None:
            return ToolError(f"Tool {request.name} not found on any server.")
        try:
            result = await link.call(request.name, _arguments(request))
        except ServerFailed as error:
            result = ToolError(f"The tool call could not be executed, original error: {error}")
        return result

    def urls(self, namespace: str) -> Sequence[str]:
        """Of the servers that have one, sorted."""
        merged = self._merged.get(namespace)
        servers = [link.given.server for link in merged.links] if merged is not None else ()
        return sorted({server.label for server in servers if isinstance(server, HttpServer)})

    def status(self) -> dict[str, McpStatus]:
        """Of the namespaces that have servers."""
        return {
            name: McpStatus(tuple(link.status() for link in merged.links), merged.conflicts())
            for name, merged in self._merged.items()
            if merged.links
        }

    def _link(self, server: McpServer) -> Link:
        link = self._links.get(server)
        if link is None:
            link = self._links[server] = Link(Given(server, self._options, self._environ, self._trace_headers))
            self._start(link)
        return link

    def _start(self, link: Link) -> None:
        if self._group is not None:
            link.first_list_until = asyncio.get_running_loop().time() + self._options.first_list_seconds
            self._keepers[link] = self._group.create_task(link.keep(), name=f"mcp {link.given.server.label}")

    async def _own(self, begun: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for link in self._links.values():
                    self._start(link)
                begun.set()
                await asyncio.Event().wait()
            finally:
                self._group = None
                for link in self._links.values():
                    link.ending = True

    async def _first_lists(self, merged: Merged) -> None:
        waited = [link for link in merged.links if not link.tried.is_set() and not link.overdue]
        for link in waited:
            await link.first_list()
        if late := [link.given.server.label for link in waited if not link.tried.is_set()]:
            logger.warning("tools are listed without those of %s, which has not answered yet", ", ".join(late))


def _arguments(request: ToolRequest) -> dict[str, Any]:
    """Of several with the same name the last one counts."""
    found: dict[str, Any] = {}
    for name, value in request.arguments:
        try:
            found[name] = msgspec.json.decode(value)
            if value.count(b"[") + value.count(b"{") > _DEPTH and _is_deep(found[name]):
                raise ServerFailed(f"the value of argument {name} is nested deeper than {_DEPTH} times")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ServerFailed(f"the value of argument {name} is not JSON ({error})") from None
    return found


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEPTH):
        level = [inner for one in level for inner in _members(one)]
        if not level:
            return False
    return True


def _members(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
