"""One connection to a server: the session of the SDK on a transport, asked with deadlines.

What is entered here is left in the same task, as the SDK's task groups require; that task is the one of the link.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, TypeVar, cast

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp import ClientSession, McpError
from mcp.shared.message import SessionMessage
from mcp.types import (
    CONNECTION_CLOSED,
    CallToolRequest,
    CallToolRequestParams,
    CancelledNotification,
    CancelledNotificationParams,
    ClientNotification,
    ClientRequest,
    Implementation,
    ListToolsRequest,
    PaginatedRequestParams,
    RequestId,
    ServerNotification,
    ToolListChangedNotification,
)
from pydantic import BaseModel, ValidationError

from pharia_kernel.csi.tools.mcp.content import CallAnswer
from pharia_kernel.csi.tools.mcp.failures import ConnectionLost, ServerFailed, without
from pharia_kernel.csi.tools.mcp.http import HttpTransport
from pharia_kernel.csi.tools.mcp.listing import ToolsPage, tool_info
from pharia_kernel.csi.tools.mcp.servers import Given, HttpServer
from pharia_kernel.csi.tools.mcp.stdio import StdioTransport
from pharia_kernel.csi.tools.mcp.transport import Sent, Transport, ended
from pharia_kernel.csi.types import ToolInfo

logger = logging.getLogger("pharia_kernel.tools.mcp")

_SHOWN = 2000
"""Characters of what a server says about a failure."""
_PAGES = 100
_CANCEL_SECONDS = 5.0

Answer = TypeVar("Answer", bound=BaseModel)


class Connection:
    """To a server that has introduced itself. Calls may come from any task of the event loop."""

    def __init__(
        self, session: ClientSession, given: Given, lost: asyncio.Event, secrets: Collection[str] = ()
    ) -> None:
        self.lost = lost
        self._session = session
        self._given = given
        self._secrets = secrets
        self._given_up: asyncio.Queue[RequestId] = asyncio.Queue()

    async def tools(self) -> tuple[ToolInfo, ...]:
        """All pages. Raises :class:`ServerFailed`."""
        options, label = self._given.options, self._given.server.label
        try:
            async with asyncio.timeout(options.list_seconds):
                described = [tool async for tool in self._described()]
        except TimeoutError:
            raise ServerFailed(f"it did not list its tools within {options.list_seconds:g} s") from None
        found: dict[str, ToolInfo] = {}
        for tool in filter(None, map(tool_info, described)):
            found.setdefault(tool.name, tool)
        if len(found) < len(described):
            unusable = len(described) - len(found)
            logger.warning("%s: %d of its tools can not be called by their descriptions", label, unusable)
        if len(found) > options.tools:
            logger.warning("%s: has more than %d tools; the rest is left out", label, options.tools)
        return tuple(found.values())[: options.tools]

    async def _described(self) -> AsyncGenerator[Any, None]:
        cursor: str | None = None
        seen: set[str] = set()
        count = 0
        while count <= self._given.options.tools and len(seen) < _PAGES:
            params = None if cursor is None else PaginatedRequestParams(cursor=cursor)
            page = await self._ask(ClientRequest(ListToolsRequest(params=params)), ToolsPage)
            for tool in page.tools:
                yield tool
            count += len(page.tools)
            cursor = page.nextCursor
            if not cursor or cursor in seen:
                return
            seen.add(cursor)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> CallAnswer:
        """Cancelling, and being late, is told to the server. Raises :class:`ServerFailed`."""
        request = ClientRequest(CallToolRequest(params=CallToolRequestParams(name=name, arguments=dict(arguments))))
        sent = Sent()
        try:
            async with asyncio.timeout(self._given.call_seconds):
                return await self._ask(request, CallAnswer, sent)
        except TimeoutError:
            self._give_up(sent)
            raise ServerFailed(f"it did not answer within {self._given.call_seconds:g} s") from None
        except asyncio.CancelledError:
            self._give_up(sent)
            raise

    async def tell_what_was_given_up(self) -> None:
        while True:
            params = CancelledNotificationParams(requestId=await self._given_up.get(), reason="not wanted any more")
            with contextlib.suppress(ServerFailed, TimeoutError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                async with asyncio.timeout(_CANCEL_SECONDS):
                    await self._session.send_notification(ClientNotification(CancelledNotification(params=params)))

    async def _ask(self, request: ClientRequest, answer: type[Answer], sent: Sent | None = None) -> Answer:
        try:
            return await self._session.send_request(request, answer, metadata=sent)
        except McpError as error:
            if error.error.code == CONNECTION_CLOSED:
                raise ConnectionLost("it ended the connection without an answer") from None
            raise ServerFailed(without(self._secrets, error.error.message)[:_SHOWN]) from None
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise ConnectionLost("the connection was closed") from None
        except ValidationError:
            raise ServerFailed("it answered something else than the protocol asks for") from None
        except (ValueError, RecursionError) as error:
            raise ServerFailed(f"what it should be asked can not be sent ({type(error).__name__})") from None

    def _give_up(self, sent: Sent) -> None:
        if sent.request_id is not None and not self.lost.is_set():
            self._given_up.put_nowait(sent.request_id)


@asynccontextmanager
async def connected(given: Given, on_change: Callable[[], None]) -> AsyncGenerator[Connection, None]:
    """Leaving ends the session and the process. ``on_change`` is told that the list of tools is another one now.

    Raises :class:`ServerFailed`, possibly within exception groups.
    """
    server, options = given.server, given.options
    secrets = await asyncio.to_thread(_read, given)

    async def hear(message: object) -> None:
        if isinstance(message, ServerNotification) and isinstance(message.root, ToolListChangedNotification):
            on_change()
        elif isinstance(message, Exception):
            logger.debug("%s: %s", server.label, type(message).__name__)

    deliver, inbox = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    async with AsyncExitStack() as stack:
        stack.callback(deliver.close)
        stack.callback(inbox.close)
        transport: Transport
        if isinstance(server, HttpServer):
            transport = HttpTransport(server, secrets, given, deliver)
        else:
            transport = StdioTransport(server, secrets, given, deliver)
        await stack.enter_async_context(transport)
        us = Implementation(name="pharia-kernel", version=version("pharia-kernel"))
        outbox = cast("MemoryObjectSendStream[SessionMessage]", _Outbox(transport))
        session = ClientSession(inbox, outbox, message_handler=hear, client_info=us)
        await stack.enter_async_context(session)
        connection = Connection(session, given, transport.lost, secrets.values())
        await _introduce(session, options.connect_seconds)
        tasks = [asyncio.create_task(connection.tell_what_was_given_up(), name="mcp-cancelled")]
        if transport.has_session:  # servers that announce changes do not always say beforehand that they will
            tasks.append(asyncio.create_task(transport.listen(), name="mcp-notifications"))
        stack.push_async_callback(ended, tasks)
        yield connection


class _Outbox:
    """As much of the stream a session writes to as it uses."""

    def __init__(self, transport: Transport) -> None:
        self.send = transport.send

    async def __aenter__(self) -> _Outbox:
        return self

    async def __aexit__(self, *exc: object) -> None:
        """The transport has an owner."""


async def _introduce(session: ClientSession, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await session.initialize()
    except TimeoutError:
        raise ConnectionLost(f"it did not introduce itself within {seconds:g} s") from None
    except McpError as error:
        raise ConnectionLost(error.error.message[:_SHOWN]) from None
    except ValidationError:
        raise ConnectionLost("it introduced itself in a way that is not the protocol's") from None
    except RuntimeError as error:  # the SDK's word on a version of the protocol
        raise ConnectionLost(str(error)[:_SHOWN]) from None


def _read(given: Given) -> dict[str, str]:
    return {name: secret.read(given.environ) for name, secret in given.server.secrets}
