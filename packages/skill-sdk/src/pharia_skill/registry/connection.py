"""HTTP as far as registries need it: requests with deadlines, redirects and bounded repetition."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from pharia_skill.errors import RegistryAnswerInvalid, RegistryConnectionLost, RegistryRefused, RegistryUntrusted
from pharia_skill.registry.line_failure import host_of, line_failure
from pharia_skill.registry.proxy import new_pool, proxy_for

Headers = Mapping[str, str]
Sleep = Callable[[float], None]

_AGENT = "pharia-skill"
_REDIRECTS = 5
_REDIRECTED = (301, 302, 303, 307, 308)
REPEATED = (408, 429, 500, 502, 503, 504)
"""Statuses another attempt may change."""

_BLOCK_BYTES = 256 * 1024
_LARGEST_BODY = 4 * 1024 * 1024
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for one request."""

    attempts: int = 4
    """In all, when the registry is busy, fails or does not answer."""
    connect: float = 10.0
    """Seconds; also for the sending of every 16 KiB."""
    read: float = 120.0
    """Seconds for every wait on the other side."""

    def once(self) -> Effort:
        return replace(self, attempts=1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes
    url: str
    """Where it came from, after redirects."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose body is still to be read."""

    response: urllib3.BaseHTTPResponse
    url: str
    """Where it comes from, after redirects."""

    def whole(self) -> Answer:
        """Manifests, tokens and errors are small; raises :class:`~pharia_skill.errors.RegistryAnswerInvalid`."""
        body = bytearray()
        for part in self.parts():
            body += part
            if len(body) > _LARGEST_BODY:
                raise RegistryAnswerInvalid(f"an answer of {host_of(self.url)} is larger than {_LARGEST_BODY} bytes")
        return Answer(self.response.status, self.response.headers, bytes(body), self.url)

    def parts(self) -> Iterator[bytes]:
        """The body as it comes in, up to 256 KiB at a time."""
        return self.response.stream(_BLOCK_BYTES, decode_content=False)


class Connection:
    """Keeps connections open until it is closed. ``sleep`` and ``proxies`` (by scheme) come from outside."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        proxies: Mapping[str, str] | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._context = context
        self._proxies = dict(proxies or {})
        self._sleep = sleep
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def close(self) -> None:
        for manager in self._pools.values():
            for key in manager.pools.keys():  # noqa: SIM118 it can not be iterated over, on purpose
                manager.pools[key].close()
            manager.clear()

    def pause(self, attempt: int, after: Answer | None = None) -> None:
        """Wait longer from attempt to attempt, or as long as the registry asks for."""
        asked = after.headers.get("Retry-After", "") if after is not None else ""
        seconds = float(asked) if asked.isdecimal() else 0.5 * 2**attempt * random.uniform(0.5, 1.0)
        self._sleep(min(seconds, _LONGEST_PAUSE))

    def send(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: BinaryIO | None = None,
        *,
        effort: Effort,
        authorized: str | None = None,
    ) -> Answer:
        """The whole answer, with whatever status. ``authorized`` goes to the first address's host only.

        Repeats the request when no answer came or the registry was busy. Raises
        :class:`~pharia_skill.errors.RegistryConnectionLost` and other :class:`~pharia_skill.errors.RegistryError`.
        """
        start = body.tell() if body is not None else 0
        for attempt in range(effort.attempts):
            last = attempt == effort.attempts - 1
            if body is not None:
                body.seek(start)
            try:
                with self.open(method, url, headers, body, effort=effort, authorized=authorized) as opened:
                    answer = opened.whole()
            except RegistryConnectionLost:
                if last:
                    raise
                self.pause(attempt)
                continue
            if last or answer.status not in REPEATED:
                return answer
            self.pause(attempt, answer)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: BinaryIO | None = None,
        *,
        effort: Effort,
        authorized: str | None = None,
    ) -> Iterator[Opened]:
        """Ask once; errors as in :meth:`send`, inside the block too."""
        timeout = urllib3.Timeout(connect=effort.connect, read=effort.read)
        start = body.tell() if body is not None else 0
        for _ in range(_REDIRECTS + 1):
            if body is not None:
                body.seek(start)
            response: urllib3.BaseHTTPResponse | None = None
            try:
                response = self._request(method, url, headers, body, timeout, authorized)
                target = _redirection(response, method)
                if target is None:
                    yield Opened(response, url)
                    return
            except HTTPError as error:
                raise line_failure(error, url) from None
            finally:
                if response is not None:
                    response.close()
            url, authorized = _follow(url, target, authorized)
        raise RegistryRefused(f"{host_of(url)} redirects more than {_REDIRECTS} times")

    def _request(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: BinaryIO | None,
        timeout: urllib3.Timeout,
        authorized: str | None,
    ) -> urllib3.BaseHTTPResponse:
        return self._pool(url).request(
            method,
            url,
            body=body,
            headers={"User-Agent": _AGENT, **headers, **({"Authorization": authorized} if authorized else {})},
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = proxy_for(url, self._proxies)
        if proxy not in self._pools:
            self._pools[proxy] = new_pool(proxy, self._context)
        return self._pools[proxy]


def same_origin(one: str, other: str) -> bool:
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _redirection(response: urllib3.BaseHTTPResponse, method: str) -> str | None:
    if response.status not in _REDIRECTED or (method not in ("GET", "HEAD") and response.status < 307):
        return None
    return response.headers.get("Location")


def _follow(url: str, target: str, authorized: str | None) -> tuple[str, str | None]:
    new = urljoin(url, target)
    if urlsplit(url).scheme == "https" and urlsplit(new).scheme != "https":
        raise RegistryUntrusted(f"{host_of(url)} redirects from https to {urlsplit(new).scheme}://{host_of(new)}")
    return new, authorized if same_origin(url, new) else None
