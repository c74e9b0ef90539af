"""One HTTP endpoint: requests with deadlines, few retries, bounded answers, and no trace of the token.

Hot path. aiohttp because it reads a streamed token with a quarter of httpx's work (20 against 85 us of processor time,
``bench/http_client.py``); what the kernel adds to that stays below 10 us.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from pharia_kernel.csi.http.failures import Asked, Failure, refusal
from pharia_kernel.csi.http.idle import IdleWatch
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.errors import BackendAnswerInvalid, BackendFailed, BackendTimeout, BackendUnavailable

logger = logging.getLogger("pharia_kernel.inference")

MIB = 1024 * 1024
_ERROR_BYTES = 64 * 1024
_TIDY_SECONDS = 0.25
"""For the end of a stream whose last event was read, so that its connection can serve the next request."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """An endpoint and the limits for its answers."""

    url: str
    """Base URL with its version part, if it has one, without a slash at the end."""
    token: str | None = field(default=None, repr=False)
    """The kernel's own; sent where a request does not come with its caller's."""
    name: str | None = None
    """How error texts call the backend; by default its URL."""
    connect_seconds: float = 10.0
    answer_seconds: float = 300.0
    """For a whole answer, or until a stream begins; with all retries."""
    idle_seconds: float = 120.0
    """Between two reads of a stream."""
    answer_bytes: int = 64 * MIB
    """Of a whole answer, or of a stream."""
    event_bytes: int = 8 * MIB
    """Of one event of a stream."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    keep_alive: bool = True


class Answer:
    """An answer that is still arriving."""

    def __init__(self, response: aiohttp.ClientResponse, asked: Asked, options: EndpointOptions) -> None:
        self._response = response
        self._asked = asked
        self._options = options
        self._received = 0
        self._watch: IdleWatch | None = None
        """Made for the first wait: short answers come with their heads."""

    @property
    def is_json(self) -> bool:
        return self._response.content_type == "application/json"

    async def read(self) -> bytes:
        """The next bytes, or ``b""`` at the end."""
        content = self._response.content
        try:
            data = content.read_nowait()
            if not data and not content.at_eof():
                data = await self._waited()
        except (aiohttp.ClientError, OSError) as error:
            if self._watch is not None and self._watch.expired:
                raise BackendTimeout(
                    f"{self._asked.backend} sent nothing for {self._options.idle_seconds:g} s amid its answer"
                ) from None
            raise BackendFailed(
                f"{self._asked.backend} closed the connection amid its answer ({type(error).__name__})"
            ) from None
        self._received += len(data)
        if self._received > self._options.answer_bytes:
            raise BackendAnswerInvalid(
                f"{self._asked.backend} sent more than {self._options.answer_bytes:,} bytes in one answer"
            )
        return data

    async def _waited(self) -> bytes:
        if self._watch is None:
            self._watch = IdleWatch(self._options.idle_seconds, self._response.close)
        self._watch.begin()
        try:
            return await self._response.content.readany()
        finally:
            self._watch.end()

    async def read_all(self) -> bytes:
        data = await self.read()
        if self._response.content.at_eof():
            return data
        parts = [data]
        while data := await self.read():
            parts.append(data)
        return b"".join(parts)

    async def tidy(self) -> None:
        """Await the end of an answer whose content is complete, so that the connection can be used again."""
        if not self._options.keep_alive:
            return
        try:
            async with asyncio.timeout(_TIDY_SECONDS):
                while await self._response.content.readany():
                    pass
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        _give_back(self._response)


class Endpoint:
    """An async context manager that owns the connections; as many as there are requests."""

    def __init__(
        self,
        options: EndpointOptions,
        *,
        trace_headers: Callable[[], Mapping[str, str]] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._options = options
        self._trace_headers = trace_headers
        self._uniform = uniform
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Endpoint:
        options = self._options
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "pharia-kernel"}
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=not options.keep_alive),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, connect=options.connect_seconds),
        )
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._session = None
        await self._stack.aclose()

    @property
    def name(self) -> str:
        """How error texts call the backend."""
        return self._options.name or self._options.url

    @property
    def event_bytes(self) -> int:
        return self._options.event_bytes

    def asked(self, path: str, model: str, *, callers_token: str | None = None) -> Asked:
        """``callers_token`` is sent instead of the kernel's own."""
        token = self._options.token if callers_token is None else callers_token
        return Asked(self.name, path, model, token, of_caller=callers_token is not None)

    async def fetch(self, asked: Asked, body: bytes) -> bytes:
        """The whole answer."""
        limit = asyncio.timeout(self._options.answer_seconds)
        try:
            async with limit:
                answer = Answer(await self._opened(asked, body, limit), asked, self._options)
                try:
                    return await answer.read_all()
                finally:
                    answer.close()
        except TimeoutError:
            raise self._too_late(asked) from None

    @asynccontextmanager
    async def open(self, asked: Asked, body: bytes) -> AsyncGenerator[Answer, None]:
        """An answer that is read while it arrives. Leaving the context early closes the connection."""
        limit = asyncio.timeout(self._options.answer_seconds)
        try:
            async with limit:
                answer = Answer(await self._opened(asked, body, limit), asked, self._options)
        except TimeoutError:
            raise self._too_late(asked) from None
        try:
            yield answer
        finally:
            answer.close()

    async def _opened(self, asked: Asked, body: bytes, limit: asyncio.Timeout) -> aiohttp.ClientResponse:
        attempt = 0
        while True:
            try:
                return await self._attempt(asked, body)
            except Failure as failure:
                error = failure.error
                pause = self._options.retry.pause(attempt, error.retry_after, self._uniform)
                late = limit.when()
                now = asyncio.get_running_loop().time()
                if not failure.transient or pause is None or (late is not None and now + pause >= late):
                    raise error from None
            logger.warning("%s (trying again in %.1f s)", error, pause)
            await asyncio.sleep(pause)
            attempt += 1

    async def _attempt(self, asked: Asked, body: bytes) -> aiohttp.ClientResponse:
        if self._session is None:
            raise Failure(BackendUnavailable(f"{asked.backend}: the kernel's client is closed"))
        headers = dict(self._trace_headers()) if self._trace_headers is not None else {}
        if asked.token is not None:
            headers["Authorization"] = f"Bearer {asked.token}"
        url = self._options.url + asked.path
        try:
            response = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        except aiohttp.ServerTimeoutError:
            text = f"{asked.backend} accepted no connection within {self._options.connect_seconds:g} s"
            raise Failure(BackendUnavailable(text), transient=True) from None
        except aiohttp.ClientResponseError as error:
            text = f"{asked.backend} answered something that is not HTTP: {asked.shown(error.message)}"
            raise Failure(BackendAnswerInvalid(text)) from None
        except (aiohttp.ClientError, OSError) as error:
            text = f"{asked.backend} can not be reached: {asked.shown(str(error) or type(error).__name__)}"
            raise Failure(BackendUnavailable(text), transient=True) from None
        if response.status == 200:
            return response
        try:
            raise refusal(asked, response.status, response.headers, await _beginning(response))
        finally:
            _give_back(response)

    def _too_late(self, asked: Asked) -> BackendTimeout:
        return BackendTimeout(f"{asked.backend} did not answer {asked.path} within {self._options.answer_seconds:g} s")


def _give_back(response: aiohttp.ClientResponse) -> None:
    """A connection with the rest of an answer on it can not serve another request."""
    if response.content.at_eof():
        response.release()
    else:
        response.close()


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The body of an error, or as much of it as one wants to see."""
    body = b""
    try:
        while len(body) < _ERROR_BYTES and (data := await response.content.readany()):
            body += data
    except (aiohttp.ClientError, OSError):
        pass
    return body[:_ERROR_BYTES]
