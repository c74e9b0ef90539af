"""A description that a web server gives out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from pydantic import SecretStr
from yarl import URL

from pharia_kernel.skills.description import Description, parse_description
from pharia_kernel.skills.descriptions.kept import keep, kept
from pharia_kernel.skills.registry import DescriptionInvalid, DescriptionUnavailable

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpDescriptionOptions:
    url: str
    token: SecretStr | None = None
    """Sent as bearer token, to the host of the URL only."""
    settings: str = "namespaces.NAME"
    """How texts call the table with these settings."""
    kept: Path | None = None
    """File in which the last one is kept, for a start while the server is away."""
    seconds: float = 10.0
    """For the whole answer, redirects included."""
    most_bytes: int = 4 * MIB
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class _Seen:
    etag: str | None
    body: bytes
    description: Description


class HttpDescription:
    """Asks with the ``ETag`` of the last answer; an unchanged document is not sent again, nor parsed."""

    def __init__(
        self, options: HttpDescriptionOptions, *, trace_headers: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        self._options = options
        self._trace_headers = trace_headers
        self._session: aiohttp.ClientSession | None = None
        self._seen: _Seen | None = None

    async def __aenter__(self) -> HttpDescription:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "pharia-kernel", "Accept": "application/toml, text/plain, */*"},
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def read(self) -> Description:
        url = self._options.url
        try:
            async with asyncio.timeout(self._options.seconds):
                return await self._read(URL(url))
        except DescriptionUnavailable as error:
            problem = str(error)
        except TimeoutError:
            problem = f"{url} did not answer within {self._options.seconds:g} s"
        except (aiohttp.ClientError, OSError) as error:
            problem = f"{url} can not be read: {str(error) or type(error).__name__}"
        raise DescriptionUnavailable(problem, await self._last())

    async def _last(self) -> Description | None:
        if self._seen is not None:
            return self._seen.description
        body = await asyncio.to_thread(kept, self._options.kept) if self._options.kept is not None else None
        try:
            return None if body is None else self._parsed(body)
        except DescriptionInvalid:
            return None

    async def _read(self, origin: URL) -> Description:
        if self._session is None:
            raise DescriptionUnavailable(f"{origin}: the client is closed")
        url = origin
        for _ in range(self._options.redirects + 1):
            headers = self._headers(to_origin=url.origin() == origin.origin())
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status not in (301, 302, 303, 307, 308):
                    return await self._answer(response)
                url = self._redirect(url, response.headers.get("Location", ""))
        raise DescriptionInvalid(f"{origin} leads to more than {self._options.redirects} other places")

    def _headers(self, *, to_origin: bool) -> dict[str, str]:
        headers = dict(self._trace_headers()) if self._trace_headers is not None else {}
        if to_origin:
            if self._options.token is not None:
                headers["Authorization"] = f"Bearer {self._options.token.get_secret_value()}"
            if self._seen is not None and self._seen.etag is not None:
                headers["If-None-Match"] = self._seen.etag
        return headers

    def _redirect(self, url: URL, location: str) -> URL:
        try:
            there = url.join(URL(location))
        except ValueError:
            there = URL()
        if there.scheme != "https" and there.scheme != url.scheme:
            raise DescriptionInvalid(f"{url} leads to {there.scheme or 'nowhere'}, which is not followed")
        return there

    async def _answer(self, response: aiohttp.ClientResponse) -> Description:
        url, status = self._options.url, response.status
        if status == 304 and self._seen is not None:
            return self._seen.description
        if status in (401, 403):
            raise DescriptionInvalid(
                f"{url} answered {status}: the token is missing, expired or not allowed "
                f"(set {_variable(self._options.settings)} or {self._options.settings}.config-access-token)"
            )
        if status == 429 or status >= 500:
            raise DescriptionUnavailable(f"{url} answered {status}")
        if status != 200:
            raise DescriptionInvalid(f"{url} answered {status} instead of a document")
        body = await self._body(response)
        known = self._seen is not None and self._seen.body == body
        description = self._seen.description if self._seen is not None and known else self._parsed(body)
        self._seen = _Seen(response.headers.get("ETag"), body, description)
        if self._options.kept is not None and not known:
            await asyncio.to_thread(keep, self._options.kept, body)
        return description

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for part in response.content.iter_any():
            body += part
            if len(body) > self._options.most_bytes:
                raise DescriptionInvalid(f"{self._options.url} has more than {self._options.most_bytes:,} bytes")
        return bytes(body)

    def _parsed(self, body: bytes) -> Description:
        try:
            return parse_description(body.decode())
        except (DescriptionInvalid, UnicodeDecodeError) as error:
            raise DescriptionInvalid(
                f"Unable to parse file at '{self._options.url}' as a namespace's description: {error}"
            ) from None


def _variable(settings: str) -> str:
    return f"{settings}.config-access-token".replace("-", "_").replace(".", "__").upper()
