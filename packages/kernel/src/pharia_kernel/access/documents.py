"""Asking services of others for JSON: bounded in time and size, nowhere else than told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

from pharia_kernel.errors import AccessUnavailable

_ANSWER_BYTES = 1024 * 1024
TraceHeaders = Callable[[], Mapping[str, str]]


class Documents:
    """An async context manager that keeps connections."""

    def __init__(self, *, seconds: float, trace_headers: TraceHeaders | None = None) -> None:
        """``seconds`` is the deadline of one request from its beginning to the end of its answer."""
        self._seconds = seconds
        self._trace_headers = trace_headers or dict
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Documents:
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "pharia-kernel", "Accept": "application/json"},
                timeout=aiohttp.ClientTimeout(total=None),
            )
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def get(self, url: str) -> bytes:
        """The body of a 200 answer; raises :class:`AccessUnavailable`."""
        status, body = await self.ask("GET", url, {}, None)
        if status != 200:
            raise AccessUnavailable(f"{url} answered {status}")
        return body

    async def ask(self, method: str, url: str, headers: Mapping[str, str], json: Any) -> tuple[int, bytes]:
        """Status and body of whatever is answered; redirects are not followed. Raises :class:`AccessUnavailable`."""
        if self._session is None:
            raise AccessUnavailable(f"{url} can not be asked: the kernel is not running")
        headers = {**headers, **self._trace_headers()}
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session.request(method, url, headers=headers, json=json, allow_redirects=False) as answer,
            ):
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > _ANSWER_BYTES:
                        raise AccessUnavailable(f"{url} answered more than {_ANSWER_BYTES} bytes")
                return answer.status, bytes(body)
        except TimeoutError:
            raise AccessUnavailable(f"{url} did not answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise AccessUnavailable(f"{url} can not be asked ({type(error).__name__})") from None
