"""Tokenizers from an inference API of Aleph Alpha."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp
from yarl import URL

from pharia_kernel.csi.chunking.sources import Build
from pharia_kernel.errors import (
    BackendAnswerInvalid,
    BackendFailed,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    ModelNotFound,
)
from pharia_kernel.types import Caller

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MIB = 1024 * 1024


class RemoteTokenizers:
    """``GET {url}/models/{model}/tokenizer`` with the kernel's token or the caller's; the format is Hugging Face's.

    What one caller could fetch serves all: a tokenizer is no secret, and chunks show nothing of the model.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        trace_headers: Callable[[], Mapping[str, str]] | None = None,
        answer_seconds: float = 60.0,
        answer_bytes: int = 128 * MIB,
    ) -> None:
        self._url = url
        self._token = token
        self._trace_headers = trace_headers
        self._answer_seconds = answer_seconds
        self._answer_bytes = answer_bytes
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> RemoteTokenizers:
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "pharia-kernel"},
            timeout=aiohttp.ClientTimeout(total=None, connect=10.0),
        )
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._session = None
        await self._stack.aclose()

    async def key(self, model: str) -> str | None:
        return f"{self._url} {model}"

    async def fetch(self, model: str, caller: Caller) -> Build:
        if self._session is None:
            raise BackendUnavailable(f"{self._url}: the kernel's client is closed")
        if (token := self._token or caller.token) is None:
            raise CallerUnauthorized(
                f"{self._url} gives the tokenizer of model {model!r} only for a token; send one with the call "
                "(Authorization: Bearer …)"
            )
        headers = {**(self._trace_headers() if self._trace_headers else {}), "Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(self._answer_seconds):
                json = await self._download(self._session, model, headers)
        except TimeoutError:
            raise BackendTimeout(
                f"{self._url} did not send the tokenizer of model {model!r} within {self._answer_seconds:g} s"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise BackendUnavailable(
                f"{self._url} can not be asked for the tokenizer of model {model!r} ({type(error).__name__})"
            ) from None
        return lambda: self._parsed(json, model)

    async def _download(self, session: aiohttp.ClientSession, model: str, headers: Mapping[str, str]) -> str:
        url = f"{self._url}/models/{quote(model, safe='')}/tokenizer"
        async with session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise self._refusal(response.status, model)
            parts, size = [], 0
            async for data in response.content.iter_any():
                parts.append(data)
                size += len(data)
                if size > self._answer_bytes:
                    raise BackendAnswerInvalid(
                        f"{self._url} sent more than {self._answer_bytes:,} bytes as the tokenizer of model {model!r}"
                    )
        return b"".join(parts).decode("utf-8", "replace")

    def _refusal(self, status: int, model: str) -> CsiError:
        text = f"{self._url} answered {status} for the tokenizer of model {model!r}"
        if status in (401, 403):
            if self._token is not None:
                return BackendUnauthorized(f"{text} (check the token that is configured for it)")
            return CallerUnauthorized(f"{text} (check what the caller's token may use)")
        if status == 404:
            return ModelNotFound(f"{text} (check the model's name)")
        return BackendUnavailable(text) if status in (429, 502, 503, 504) else BackendFailed(text)

    def _parsed(self, json: str, model: str) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            return Tokenizer.from_str(json)
        except Exception:  # the library raises nothing narrower; its text repeats what was sent
            raise BackendAnswerInvalid(
                f"{self._url} sent something that is not a tokenizer for model {model!r}"
            ) from None
