"""A document index of PhariaAI, over HTTP."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote

import aiohttp
from yarl import URL

from pharia_kernel.csi.documents import remote_wire
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.csi.types import DocPath, Document, Hit, SearchRequest
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    DocumentNotFound,
    InvalidCsiRequest,
)
from pharia_kernel.types import Caller, JsonValue

logger = logging.getLogger("pharia_kernel.documents")

MIB = 1024 * 1024
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    url: str
    """Without a slash at the end."""
    attempt_seconds: float = 10.0
    """For one attempt, its answer included."""
    answer_bytes: int = 64 * MIB
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class _Transient(Exception):
    """An attempt that is worth another one."""

    def __init__(self, error: CsiError) -> None:
        super().__init__(error)
        self.error = error


class RemoteDocuments:
    """Implements :class:`~pharia_kernel.csi.documents.index.DocumentIndex`; asks with the caller's token.

    An async context manager that owns the connections. Every request only reads, so all may be sent again.
    """

    def __init__(
        self,
        options: RemoteOptions,
        *,
        trace_headers: Callable[[], Mapping[str, str]] | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._options = options
        self._trace_headers = trace_headers
        self._uniform = uniform
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> RemoteDocuments:
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "pharia-kernel"},
            timeout=aiohttp.ClientTimeout(total=None),
        )
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._session = None
        await self._stack.aclose()

    async def search(self, request: SearchRequest, caller: Caller) -> list[Hit]:
        at = request.index
        path = f"/collections/{_name(at.namespace)}/{_name(at.collection)}/indexes/{_name(at.index)}/search"
        what = f"a search in {at.namespace}/{at.collection}, index {at.index}"
        body = await self._ask("POST", path, what, caller, remote_wire.search_body(request))
        return self._read(what, lambda: remote_wire.hits(body))

    async def document(self, path: DocPath, caller: Caller) -> Document:
        what = f"document {path.namespace}/{path.collection}/{path.name}"
        body = await self._ask("GET", _place(path), what, caller)
        return self._read(what, lambda: remote_wire.document(path, body))

    async def document_metadata(self, path: DocPath, caller: Caller) -> JsonValue:
        what = f"the metadata of document {path.namespace}/{path.collection}/{path.name}"
        body = await self._ask("GET", _place(path), what, caller)
        return self._read(what, lambda: remote_wire.metadata(body))

    def _read(self, what: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except remote_wire.Unexpected as reason:
            raise BackendAnswerInvalid(f"{self._options.url} answered {what} with something else: {reason}") from None

    async def _ask(self, method: str, path: str, what: str, caller: Caller, body: bytes | None = None) -> bytes:
        if caller.token is None:
            raise CallerUnauthorized(
                f"{self._options.url} answers {what} only with a token; send one with the call "
                "(Authorization: Bearer …)"
            )
        headers = {**(self._trace_headers() if self._trace_headers else {}), "Authorization": f"Bearer {caller.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        attempt = 0
        while True:
            try:
                return await self._attempt(method, path, what, headers, body)
            except _Transient as failure:
                error = failure.error
                pause = self._options.retry.pause(attempt, None, self._uniform)
                if pause is None:
                    raise error from None
            logger.warning("%s (trying again in %.1f s)", error, pause)
            await asyncio.sleep(pause)
            attempt += 1

    async def _attempt(
        self, method: str, path: str, what: str, headers: Mapping[str, str], body: bytes | None
    ) -> bytes:
        if self._session is None:
            raise BackendUnavailable(f"{self._options.url}: the kernel's client is closed")
        url = URL(self._options.url + path, encoded=True)
        try:
            async with (
                asyncio.timeout(self._options.attempt_seconds),
                self._session.request(method, url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise self._refusal(response.status, what)
                return await self._whole(response, what)
        except TimeoutError:
            raise _Transient(
                BackendTimeout(f"{self._options.url} did not answer {what} in {self._options.attempt_seconds:g} s")
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Transient(
                BackendUnavailable(f"{self._options.url} can not be asked for {what} ({type(error).__name__})")
            ) from None

    async def _whole(self, response: aiohttp.ClientResponse, what: str) -> bytes:
        parts, size = [], 0
        async for data in response.content.iter_any():
            parts.append(data)
            size += len(data)
            if size > self._options.answer_bytes:
                limit = self._options.answer_bytes
                raise BackendAnswerInvalid(f"{self._options.url} sent more than {limit:,} bytes for {what}")
        return b"".join(parts)

    def _refusal(self, status: int, what: str) -> Exception:
        """Bodies are not repeated: they may hold what users wrote."""
        text = f"{self._options.url} answered {status} for {what}"
        if status in (401, 403):
            return CallerUnauthorized(f"{text} (check what the caller's token may read)")
        if status == 404:
            return DocumentNotFound(f"{text} (check the names; they are those of the document index)")
        if status == 429:
            return _Transient(BackendRateLimited(text))
        if status in (408, 504):
            return _Transient(BackendTimeout(text))
        if status in (502, 503):
            return _Transient(BackendUnavailable(text))
        if status >= 500:
            return _Transient(BackendFailed(text))
        return InvalidCsiRequest(text) if status >= 400 else BackendFailed(text)


def _place(path: DocPath) -> str:
    return f"/collections/{_name(path.namespace)}/{_name(path.collection)}/docs/{_name(path.name)}"


def _name(name: str) -> str:
    """One segment of a path; skills choose the names."""
    if name in ("", ".", ".."):
        raise InvalidCsiRequest(f"documents: {name!r} can not be a name")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise InvalidCsiRequest("documents: a name has half of a surrogate pair, which is no character") from None
