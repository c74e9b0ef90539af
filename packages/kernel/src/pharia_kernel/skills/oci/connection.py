"""One host that has repositories, asked as the OCI distribution specification says.

Credentials go to the host itself, and to the token server it names; a redirection takes none along.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Callable, Mapping

import aiohttp
from yarl import URL

from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.skills.oci.answer import Answer, failure
from pharia_kernel.skills.oci.authorization import Authorization
from pharia_kernel.skills.oci.credentials import CredentialSource
from pharia_kernel.skills.oci.failures import Damaged, Refused, Unreachable
from pharia_kernel.skills.oci.options import OciOptions

_REDIRECTIONS = 5
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_TOKEN_BYTES = 64 * 1024
_ERROR_BYTES = 16 * 1024
_API_HOSTS = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Where docker's own registry really is."""

TraceHeaders = Callable[[], Mapping[str, str]]


class Connection:
    def __init__(
        self,
        address: RegistryAddress,
        session: aiohttp.ClientSession,
        source: CredentialSource,
        options: OciOptions,
        *,
        trace_headers: TraceHeaders,
    ) -> None:
        self.address = address
        self.host = _API_HOSTS.get(address.host, address.host)
        self._session = session
        self._options = options
        self._trace_headers = trace_headers
        self._scheme: str | None = address.scheme or ("http" if options.insecure else None)
        if self._scheme is None and not address.is_loopback:
            self._scheme = "https"
        self._authorization = Authorization(
            self.host,
            source,
            self._ask_for_token,
            way_out=(
                f"check registry-user and registry-password of {options.settings}, or run `docker login {address.host}`"
            ),
            clock=asyncio.get_running_loop().time,
        )

    async def ask(self, method: str, repository: str, where: str, *, accept: str, most: int) -> Answer:
        """The answer with status 200, with at most ``most`` bytes; raises :class:`RequestFailed`.

        ``where`` is ``manifests/TAG`` or ``blobs/DIGEST``.
        """
        full = f"{self.address.prefix}/{repository}".lstrip("/")
        wanted = f"{full}/{where}"
        for again in (False, True):
            header = await self._authorization.header(full)
            headers = {"Accept": accept} | ({"Authorization": header} if header else {})
            answer = await self._followed(method, f"/v2/{wanted}", headers, most)
            if answer.status != 401 or not answer.own:
                break
            if again:
                raise self._authorization.rejected(full)
            self._authorization.challenged(answer, full, header)
            if await self._authorization.header(full) in (None, header):
                raise self._authorization.rejected(full)
        if answer.status == 403:
            text = str(failure(answer, wanted, self._authorization.secrets()))
            raise Refused(f"{text} (check what the user of {self._options.settings} may pull)")
        if answer.status != 200:
            raise failure(answer, wanted, self._authorization.secrets())
        return answer

    async def _followed(self, method: str, path: str, headers: Mapping[str, str], most: int) -> Answer:
        own = {**headers, **self._trace_headers()}
        if self._scheme is None:
            await self._find_scheme()
        url = start = URL(f"{self._scheme}://{self.host}{path}", encoded=True)
        for _ in range(_REDIRECTIONS):
            same = url.origin() == start.origin()
            sent = own if same else {"Accept": headers["Accept"]}
            answer, place = await self._sent(method, url, sent, None, most, own=same)
            if place is None:
                return answer
            url = self._next(url, place)
        raise Unreachable(f"{self.host} redirects in a circle for {path}")

    async def _find_scheme(self) -> None:
        """On this machine people run registries without TLS; what speaks TLS is never asked without."""
        try:
            await self._sent("GET", URL(f"https://{self.host}/v2/"), {}, None, _ERROR_BYTES, own=True)
        except _NoTls:
            self._scheme = "http"
        else:
            self._scheme = "https"

    def _next(self, url: URL, place: str) -> URL:
        try:
            there = url.join(URL(place, encoded=True))
            allowed = there.scheme == "https" or (there.scheme == "http" == url.scheme)
            if allowed and there.host and there.user is None:
                return there
        except ValueError:
            pass
        raise Refused(f"{url.host} redirects to an address that is not followed: {_without_query(place)!r}")

    async def _ask_for_token(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if self._scheme == "https" and not url.startswith("https:"):
            raise Refused(f"{self.host} wants credentials sent unprotected, to {_without_query(url)}")
        sent = {**headers, "Accept": "application/json"}
        answer, _ = await self._sent(method, URL(url, encoded=True), sent, body, _TOKEN_BYTES, own=True)
        return answer

    async def _sent(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, most: int, *, own: bool
    ) -> tuple[Answer, str | None]:
        """The answer, and where it redirects to."""
        host = url.authority
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                if response.status in _REDIRECTED and (place := response.headers.get("Location")):
                    return Answer(response.status, response.headers, b"", host, own), place
                content = await _read(response, most if response.status == 200 else None, host)
                return Answer(response.status, response.headers, content, host, own), None
        except aiohttp.ClientConnectorCertificateError as error:
            raise _Untrusted(
                f"{host} has a certificate that is not trusted: {_reason(error.certificate_error)} "
                f"(name its authority's file with registry-ca-file in {self._options.settings})"
            ) from None
        except aiohttp.ClientConnectorSSLError as error:
            raise _NoTls(
                f"{host} does not speak TLS: {_reason(error)} "
                f"(if that is meant to be, allow http with registry-insecure in {self._options.settings})"
            ) from None
        except TimeoutError:
            raise Unreachable(f"{host} did not answer in time") from None
        except aiohttp.ClientPayloadError:
            raise Unreachable(f"{host} closed the connection amid its answer") from None
        except aiohttp.ClientConnectionError as error:
            raise Unreachable(f"{host} can not be reached ({_reason(error)})") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"{host} answered something that is not HTTP ({type(error).__name__})") from None


class _Untrusted(Unreachable):
    transient = False


class _NoTls(_Untrusted):
    pass


async def _read(response: aiohttp.ClientResponse, most: int | None, host: str) -> bytes:
    """All of it, or with ``most`` None the beginning."""
    content = io.BytesIO()  # gives its bytes away without another copy of them
    limit = _ERROR_BYTES if most is None else most
    if most is not None and (response.content_length or 0) > most and response.method != "HEAD":
        raise Damaged(f"{host} sends {response.content_length:,} bytes where at most {most:,} are expected")
    async for part in response.content.iter_any():
        content.write(part)
        if content.tell() > limit:
            if most is None:
                break
            raise Damaged(f"{host} sends more than the {most:,} bytes that are expected")
    return content.getvalue()


def _reason(error: BaseException) -> str:
    inner = getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    return (inner.strerror if isinstance(inner, OSError) else None) or type(inner).__name__


def _without_query(url: str) -> str:
    """What follows the question mark may be a key."""
    return url.partition("?")[0][:200]
