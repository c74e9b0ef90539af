"""Streamable HTTP: a request per message, answers as JSON or as events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing

import aiohttp
import anyio
from mcp.shared.message import SessionMessage
from mcp.types import InitializeResult, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId

from pharia_kernel.csi.tools.mcp.endpoint import Endpoint
from pharia_kernel.csi.tools.mcp.events import Event, events
from pharia_kernel.csi.tools.mcp.failures import ConnectionLost, ServerFailed, SessionEnded
from pharia_kernel.csi.tools.mcp.servers import Given, HttpServer
from pharia_kernel.csi.tools.mcp.transport import Delivery, answers, concerns_us, decoded, encoded, ended, note_id, same

logger = logging.getLogger("pharia_kernel.tools.mcp")

_SESSION = "Mcp-Session-Id"
_VERSION = "MCP-Protocol-Version"
_LAST_EVENT = "Last-Event-ID"
_POST = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
_GET = {"Accept": "text/event-stream"}
_JSON = "application/json"
_EVENTS = "text/event-stream"
_BYE_SECONDS = 2.0
_REPLY_SECONDS = 10.0
_REPLIES = 16
"""To requests of the server that wait to be sent."""
_RESUME_SECONDS = 1.0
_RESUMES = 3
_LISTEN_PAUSES = (1.0, 5.0, 30.0)

Found = AsyncGenerator[tuple[Event, JSONRPCMessage | None], None]


class HttpTransport:
    """An async context manager that owns the connections and, where there is one, the session."""

    def __init__(self, server: HttpServer, secrets: Mapping[str, str], given: Given, deliver: Delivery) -> None:
        self.lost = asyncio.Event()
        self._label = server.label
        self._limit = given.options.message_bytes
        self._endpoint = Endpoint(server, secrets, given)
        self._deliver = deliver
        self._session: dict[str, str] = {}
        """Headers."""
        self._replies: asyncio.Queue[bytes] = asyncio.Queue(_REPLIES)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> HttpTransport:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._endpoint)
            stack.push_async_callback(self._say_bye)
            stack.callback(self.lost.set)
            stack.push_async_callback(ended, [asyncio.create_task(self._reply(), name="mcp-replies")])
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def has_session(self) -> bool:
        return _SESSION in self._session

    async def send(self, message: SessionMessage) -> None:
        """A request has been answered when this returns. Raises :class:`ServerFailed`."""
        note_id(message)
        root, body = message.message.root, encoded(message)
        if isinstance(root, JSONRPCRequest):
            await self._ask(root, body)
        elif isinstance(root, JSONRPCNotification):
            await self._tell(body)
        else:
            with contextlib.suppress(asyncio.QueueFull):  # it asks more than it takes answers
                self._replies.put_nowait(body)

    async def listen(self) -> None:
        """Deliver what the server says by itself, until it does not offer that any longer."""
        failures = 0
        while failures < len(_LISTEN_PAUSES) and not self.lost.is_set():
            try:
                async with aclosing(self._heard(None)) as found:
                    async for _ in found:
                        failures = 0
            except SessionEnded:
                return
            except ServerFailed as error:
                logger.debug("%s: no notifications: %s", self._label, error)
                failures += 1
            await asyncio.sleep(_LISTEN_PAUSES[max(failures - 1, 0)])

    async def _ask(self, request: JSONRPCRequest, body: bytes) -> None:
        async with self._open("POST", _POST, body) as response:
            begins = request.method == "initialize"
            if begins and (session := response.headers.get(_SESSION)):
                self._session[_SESSION] = session
            if response.content_type == _JSON:
                message = decoded(await self._endpoint.whole(response))
                if not same(answers(message), request.id):
                    raise ServerFailed("it answered another request than the one it was asked")
            elif response.content_type == _EVENTS:
                message = await self._from_events(response, request.id)
            else:
                raise ServerFailed("it accepted the request, and answered neither JSON nor events")
            if begins:
                self._negotiated(message)
        await self._pass_on(message)

    def _negotiated(self, message: JSONRPCMessage) -> None:
        root = message.root
        if isinstance(root, JSONRPCResponse):
            with contextlib.suppress(ValueError):  # the session says what is wrong with it
                self._session[_VERSION] = str(InitializeResult.model_validate(root.result).protocolVersion)

    async def _from_events(self, response: aiohttp.ClientResponse, request: RequestId) -> JSONRPCMessage:
        """The answer. What comes before it is delivered; an interruption is passed over if the server offers that."""
        found = self._messages(self._endpoint.chunks(response))
        last: Event | None = None
        resumes = 0
        while True:
            try:
                async with aclosing(found):
                    async for event, message in found:
                        last, resumes = event, 0
                        if message is not None and same(answers(message), request):
                            return message
            except ConnectionLost:
                if last is None or last.id is None or resumes == _RESUMES:
                    raise
            if last is None or last.id is None or resumes == _RESUMES:
                raise ConnectionLost("it ended the connection without an answer")
            resumes += 1
            await asyncio.sleep(_RESUME_SECONDS if last.retry_seconds is None else last.retry_seconds)
            found = self._heard(last.id)

    async def _heard(self, last_id: str | None) -> Found:
        """What the server says by itself, or after the event with ``last_id``."""
        after = {} if last_id is None else {_LAST_EVENT: last_id}
        async with self._open("GET", {**_GET, **after}) as response:
            if response.content_type != _EVENTS:
                raise ServerFailed("it answered no events")
            async with aclosing(self._messages(self._endpoint.chunks(response))) as found:
                async for pair in found:
                    yield pair

    async def _messages(self, received: AsyncIterator[bytes]) -> Found:
        """What is no answer is delivered on the way."""
        async for event in events(received, self._limit):
            message = decoded(event.data) if event.data and event.name == "message" else None
            if message is not None and answers(message) is None and concerns_us(message):
                await self._pass_on(message)
            yield event, message

    async def _pass_on(self, message: JSONRPCMessage) -> None:
        try:
            await self._deliver.send(SessionMessage(message))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise ConnectionLost("the connection was closed") from None

    async def _tell(self, body: bytes) -> None:
        async with self._open("POST", _POST, body):
            pass

    async def _reply(self) -> None:
        """Apart from the reading of messages, which must go on meanwhile."""
        while True:
            body = await self._replies.get()
            with contextlib.suppress(ServerFailed, TimeoutError):
                async with asyncio.timeout(_REPLY_SECONDS):
                    await self._tell(body)

    @contextlib.asynccontextmanager
    async def _open(
        self, method: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        try:
            async with self._endpoint.request(method, {**headers, **self._session}, body) as response:
                yield response
        except SessionEnded as error:
            if not self.has_session:
                raise ServerFailed(str(error)) from None
            self.lost.set()
            raise

    async def _say_bye(self) -> None:
        if not self.has_session:
            return
        with contextlib.suppress(ServerFailed, TimeoutError):
            async with asyncio.timeout(_BYE_SECONDS), self._endpoint.request("DELETE", self._session):
                pass
