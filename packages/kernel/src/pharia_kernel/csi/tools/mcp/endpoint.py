"""One URL: requests with the server's headers, bounded answers, and failures that say what happened."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

import aiohttp
import msgspec
from yarl import URL

from pharia_kernel.csi.tools.mcp.failures import ConnectionLost, ServerFailed, SessionEnded, without
from pharia_kernel.csi.tools.mcp.servers import Given, HttpServer

_REDIRECTS = 3
_IDLE_SECONDS = 4.0
"""Less than servers keep idle connections, which is 5 s for uvicorn and Node.js."""
_CONNECTIONS = 100
_ERROR_BYTES = 16 * 1024
_SHOWN = 500


class _Refusal(msgspec.Struct):
    class Error(msgspec.Struct):
        message: str = ""

    error: Error = msgspec.field(default_factory=Error)


class Endpoint:
    """An async context manager that owns the connections."""

    def __init__(self, server: HttpServer, secrets: Mapping[str, str], given: Given) -> None:
        try:
            self._url = URL(server.url, encoded=True)
        except ValueError:
            raise ServerFailed("its URL can not be used") from None
        self._given = given
        self._secrets = tuple(secrets.values())
        agent = f"pharia-kernel/{version('pharia-kernel')}"
        # What is compressed could be of any size.
        self._headers = {"User-Agent": agent, **dict(server.headers), **secrets, "Accept-Encoding": "identity"}
        self._http: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Endpoint:
        self._http = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._given.options.connect_seconds),
            )
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._http = None
        await self._stack.aclose()

    @asynccontextmanager
    async def request(
        self, method: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """The answer, which is one of success. Leaving the context early closes its connection.

        Raises :class:`ServerFailed`, for 404 :class:`SessionEnded`.
        """
        response = await self._send(method, {**headers, **self._given.trace_headers()}, body)
        try:
            if response.status >= 300:
                await self._refused(response)
            yield response
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        try:
            async for data in response.content.iter_any():
                yield data
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(f"it closed the connection amid its answer ({type(error).__name__})") from None

    async def whole(self, response: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        size, limit = 0, self._given.options.message_bytes
        async for data in self.chunks(response):
            parts.append(data)
            size += len(data)
            if size > limit:
                raise ServerFailed(f"it sent more than {limit:,} bytes in one answer")
        return b"".join(parts)

    async def _send(self, method: str, headers: Mapping[str, str], body: bytes | None) -> aiohttp.ClientResponse:
        if self._http is None:
            raise ConnectionLost("the connection is closed")
        url = self._url
        for _ in range(_REDIRECTS):
            try:
                response = await self._http.request(method, url, data=body, headers=headers, allow_redirects=False)
            except TimeoutError:
                seconds = self._given.options.connect_seconds
                raise ConnectionLost(f"it accepted no connection within {seconds:g} s") from None
            except aiohttp.InvalidURL:
                raise ServerFailed("its URL can not be used") from None
            except (aiohttp.ClientConnectionError, OSError) as error:
                raise ConnectionLost(f"it can not be reached ({_name(error)})") from None
            except (aiohttp.ClientError, ValueError):
                raise ServerFailed("it answered something that is not HTTP") from None
            place = response.headers.get("Location")
            if response.status not in (307, 308) or place is None:
                return response
            response.release()
            url = self._same_origin(url, place)
        raise ServerFailed("it redirects in a circle")

    def _same_origin(self, url: URL, place: str) -> URL:
        """The server's secrets do not go elsewhere."""
        try:
            there = url.join(URL(place))
            if there.origin() == self._url.origin():
                return there
        except ValueError:
            pass
        raise ServerFailed("it redirects to another server; configure the URL of that one")

    async def _refused(self, response: aiohttp.ClientResponse) -> None:
        body = b""
        try:
            while len(body) < _ERROR_BYTES and (data := await response.content.readany()):
                body += data
        except (aiohttp.ClientError, OSError):
            pass
        try:
            said = msgspec.json.decode(body[:_ERROR_BYTES], type=_Refusal).error.message[:_SHOWN]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            said = ""
        text = f"it answered {response.status}" + (f": {without(self._secrets, said)}" if said else "")
        if response.status in (401, 403):
            raise ServerFailed(f"{text} (check the secrets that are configured for it)")
        # Servers made with early SDKs say 400 where 404 is asked for.
        if response.status == 404 or (response.status == 400 and b"session" in body.lower()):
            raise SessionEnded(text)
        raise ServerFailed(text)


def _name(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return type(error).__name__ if number is None else os.strerror(number)
