"""Keeps one server connected: its list of tools at hand, its calls answered or refused at once."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pharia_kernel.csi.tools.mcp.content import tool_result
from pharia_kernel.csi.tools.mcp.failures import ConnectionLost, ServerFailed, SessionEnded, reason
from pharia_kernel.csi.tools.mcp.servers import Given
from pharia_kernel.csi.types import ToolInfo, ToolResult

if TYPE_CHECKING:
    from pharia_kernel.csi.tools.mcp.connection import Connection

logger = logging.getLogger("pharia_kernel.tools.mcp")

_STABLE_SECONDS = 60.0
"""A connection that lasted this long is made again with the first pause."""

_AGAIN_SECONDS = 5.0
"""After a connection was lost the next is made at once, but not more often than this."""

LinkState = Literal["connecting", "connected", "lost"]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    server: str
    """URL, or the program."""
    state: LinkState
    tools: tuple[str, ...]
    """As listed last."""
    problem: str | None
    """Why there is no connection, or why the list is not the newest."""


class Link:
    """One server for all namespaces that have it. :meth:`keep` is its only owner, in one task."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.tools: tuple[ToolInfo, ...] = ()
        self.revision = 0
        """Of the list."""
        self.tried = asyncio.Event()
        """Set when the first list has come, or has become known not to."""
        self.problem: str | None = None
        self.ending = False
        """Set before :meth:`keep` is cancelled: a task group of the SDK that is just ending with an error keeps the
        cancellation to itself.
        """
        self.first_list_until = 0.0
        """Time of the event loop, set when it is begun to be kept."""
        self._connection: Connection | None = None
        self._settled = asyncio.Event()
        """Not set while it is being connected."""
        self._wanted: asyncio.Event | None = None
        """While the next attempt to connect could begin: set to begin it now."""
        self._stale = asyncio.Event()
        """Set when the list should be asked for."""

    def status(self) -> ServerStatus:
        state: LinkState = "connected" if self._connection else "lost" if self.tried.is_set() else "connecting"
        return ServerStatus(self.given.server.label, state, tuple(tool.name for tool in self.tools), self.problem)

    @property
    def overdue(self) -> bool:
        """The first list has had its time to come."""
        return asyncio.get_running_loop().time() >= self.first_list_until

    async def first_list(self) -> None:
        """Wait for it, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self.first_list_until):
                await self.tried.wait()

    async def keep(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        options, loop = self.given.options, asyncio.get_running_loop()
        pause, again = options.first_pause, loop.time()
        while True:
            began, worked = loop.time(), False
            try:
                # The SDK takes about a second to be imported.
                module = await asyncio.to_thread(importlib.import_module, "pharia_kernel.csi.tools.mcp.connection")
                async with module.connected(self.given, self._stale.set) as connection:
                    worked = True
                    await self._use(connection)
                problem, fault = "it ended the connection", None
            except Exception as error:
                problem, fault = _told(error)
            self._connection = None
            if self.ending:
                return
            if loop.time() - began > _STABLE_SECONDS:
                pause = options.first_pause
            if worked and loop.time() > again:  # it has probably been started anew
                self._settled.clear()
                again = loop.time() + _AGAIN_SECONDS
            else:
                self._note(problem, fault)
                await self._rest(pause)
                pause = min(2 * pause, options.longest_pause)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Raises :class:`ServerFailed`."""
        connection = await self._connected()
        try:
            answer = await connection.call(name, arguments)
        except SessionEnded:
            answer = await (await self._connected()).call(name, arguments)
        except ConnectionLost:
            self._stale.set()  # to look whether it is still there
            raise
        return tool_result(answer, self.given.options.text_bytes)

    async def _use(self, connection: Connection) -> None:
        """Keep the list new until the connection is lost."""
        self._connection = connection
        self._note(None)
        self._settled.set()
        async with asyncio.TaskGroup() as group:
            refreshing = group.create_task(self._refresh(connection))
            await connection.lost.wait()
            refreshing.cancel()

    async def _refresh(self, connection: Connection) -> None:
        while True:
            self._stale.clear()
            try:
                self._publish(await connection.tools())
            except ConnectionLost:
                connection.lost.set()
                raise
            except ServerFailed as error:
                self._note(f"its tools can not be listed: {error}")
            self.tried.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.given.options.refresh_seconds):
                    await self._stale.wait()

    async def _rest(self, pause: float) -> None:
        """After a failure; calls are refused at first, then one of them ends it."""
        self.tried.set()
        self._settled.set()
        first = self.given.options.first_pause
        await asyncio.sleep(first)
        self._wanted = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause - first):
                await self._wanted.wait()
        self._wanted = None
        self._settled.clear()

    async def _connected(self) -> Connection:
        """Waits for the attempt to connect that is under way."""
        if self._connection is not None and self._connection.lost.is_set():
            self._connection = None  # its owner is about to notice
            self._settled.clear()
        elif self._wanted is not None:
            self._wanted.set()
            self._settled.clear()
        seconds = self.given.options.connect_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            raise ConnectionLost(f"it could not be connected within {seconds:g} s") from None
        if self._connection is None:
            raise ConnectionLost(self.problem or "there is no connection to it")
        return self._connection

    def _publish(self, tools: tuple[ToolInfo, ...]) -> None:
        self._note(None)
        if tools != self.tools or not self.tried.is_set():
            self.tools = tools
            self.revision += 1
            logger.info("%s has %d tools", self.given.server.label, len(tools))

    def _note(self, problem: str | None, fault: BaseException | None = None) -> None:
        if problem != self.problem and problem is not None:
            kept = "; the tools listed before are kept" if self.tools else ""
            logger.error("MCP server %s: %s%s", self.given.server.label, problem, kept, exc_info=fault)
        self.problem = problem


def _told(error: BaseException) -> tuple[str, BaseException | None]:
    """What is said about it, and the error if that is a fault of ours."""
    error = reason(error)
    if isinstance(error, ServerFailed):
        return str(error), None
    return f"connecting failed unexpectedly ({type(error).__name__})", error
