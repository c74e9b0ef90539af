"""One repository of a registry, spoken to as the OCI distribution specification says."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies_environment

from pharia_skill.errors import (
    RegistryAnswerInvalid,
    RegistryConnectionLost,
    RegistryUnreachable,
    RegistryUntrusted,
    RegistryWithoutTls,
)
from pharia_skill.registry.authorization import Authorization
from pharia_skill.registry.connection import (
    REPEATED,
    Answer,
    Connection,
    Effort,
    Headers,
    Opened,
    Sleep,
    same_origin,
)
from pharia_skill.registry.credentials import Credentials
from pharia_skill.registry.digest import check_digest, digest_of
from pharia_skill.registry.image import ACCEPTED
from pharia_skill.registry.reference import Address, Reference
from pharia_skill.registry.refusal import refusal
from pharia_skill.registry.trust import tls_context

READ = "pull"
WRITE = "pull,push"
DIGEST_HEADER = "Docker-Content-Digest"


@dataclass(frozen=True, slots=True)
class Transport:
    """How registries are reached; the defaults suit every registry with a certificate the system trusts."""

    ca_file: Path | None = None
    plain_http: bool = False
    """Allow http everywhere; loopback addresses may always use it."""
    effort: Effort = field(default_factory=Effort)
    proxies: Mapping[str, str] = field(default_factory=getproxies_environment)
    """By scheme, and the hosts without under ``no``."""
    sleep: Sleep = time.sleep


class RegistryClient:
    """A context manager; ``actions`` is :data:`READ` or :data:`WRITE`.

    Every method raises :class:`~pharia_skill.errors.RegistryError`.
    """

    def __init__(
        self,
        reference: Reference,
        credentials: Credentials | None = None,
        *,
        actions: str = READ,
        transport: Transport | None = None,
    ) -> None:
        self.reference = reference
        self._transport = transport or Transport()
        proxies = {} if reference.address.is_loopback else self._transport.proxies
        self._connection = Connection(
            tls_context(self._transport.ca_file), proxies=proxies, sleep=self._transport.sleep
        )
        self.effort = self._transport.effort
        scope = f"repository:{reference.repository}:{actions}"
        self._authorization = Authorization(self._connection, credentials, scope, self.effort)
        self._base = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def pause(self, attempt: int, after: Answer | None = None) -> None:
        self._connection.pause(attempt, after)

    def manifest_digest(self, wanted: str) -> str | None:
        """What a tag or digest stands for, ``None`` if it is not there."""
        answer = self.request("HEAD", f"manifests/{wanted}", {"Accept": ACCEPTED})
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refusal(answer, f"looking for {self.reference.repository}:{wanted}")
        if digest := answer.headers.get(DIGEST_HEADER):
            return digest
        return digest_of(self.manifest(wanted))

    def manifest(self, wanted: str) -> bytes:
        """The manifest as it is stored; its digest is checked where one is known."""
        answer = self.request("GET", f"manifests/{wanted}", {"Accept": ACCEPTED})
        if answer.status != 200:
            raise refusal(answer, f"looking for {self.reference.repository}:{wanted}")
        known = wanted if ":" in wanted else answer.headers.get(DIGEST_HEADER)
        if known is not None and known.startswith("sha256:"):
            check_digest(known, digest_of(answer.body), f"the manifest from {self.reference.address.host}")
        return answer.body

    def put_manifest(self, wanted: str, content: bytes, media_type: str) -> None:
        headers = {"Content-Type": media_type, "Content-Length": str(len(content))}
        answer = self.request("PUT", f"manifests/{wanted}", headers, io.BytesIO(content))
        if answer.status != 201:
            raise refusal(answer, f"writing {self.reference.repository}:{wanted}")
        stored = answer.headers.get(DIGEST_HEADER)
        if stored is not None:
            check_digest(digest_of(content), stored, f"the manifest {self.reference.address.host} stored")

    def has_blob(self, digest: str, size: int) -> bool:
        answer = self.request("HEAD", f"blobs/{digest}", {})
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise refusal(answer, f"looking for {digest}")
        return answer.headers.get("Content-Length", str(size)) == str(size)

    def request(
        self,
        method: str,
        where: str,
        headers: Headers,
        body: BinaryIO | None = None,
        *,
        effort: Effort | None = None,
    ) -> Answer:
        """``where`` is a path below the repository, or an address an earlier answer gave."""
        url = self._url(where)
        effort = effort or self.effort
        start = body.tell() if body is not None else 0
        for renewed in (False, True):
            if body is not None:
                body.seek(start)
            authorized = self._authorized(url)
            answer = self._connection.send(method, url, headers, body, effort=effort, authorized=authorized)
            if not self._asks_who(answer, renewed):
                break
        return answer

    @contextmanager
    def blob(self, digest: str, start: int) -> Iterator[Opened]:
        """The bytes of a blob from ``start`` on, or all with status 200; asked for once, still to be read."""
        url = self._url(f"blobs/{digest}")
        headers = {"Range": f"bytes={start}-"} if start else {}
        for renewed in (False, True):
            authorized = self._authorized(url)
            with self._connection.open("GET", url, headers, effort=self.effort, authorized=authorized) as opened:
                if opened.response.status in (200, 206):
                    yield opened
                    return
                answer = opened.whole()
            if not self._asks_who(answer, renewed):
                break
        failure = refusal(answer, f"reading {digest}")
        raise RegistryConnectionLost(str(failure)) if answer.status in REPEATED else failure

    def _asks_who(self, answer: Answer, renewed: bool) -> bool:
        """Whether another attempt has better credentials."""
        if answer.status != 401 or not same_origin(answer.url, self._base):
            return False
        if renewed:
            raise self._authorization.rejected(answer)
        self._authorization.renew(answer)
        return True

    def location(self, answer: Answer) -> str:
        """The address an answer gives for what comes next; https never becomes http."""
        given = answer.headers.get("Location")
        if not given:
            raise RegistryAnswerInvalid(f"{self.reference.address.host} answered {answer.status} without a location")
        url = urljoin(answer.url, given)
        parts = urlsplit(url)
        if urlsplit(self._base).scheme == "https" and parts.scheme == "http":
            if parts.hostname != urlsplit(self._base).hostname:
                host = self.reference.address.host
                raise RegistryUntrusted(f"{host} wants the skill sent unprotected, to {parts.netloc}")
            return parts._replace(scheme="https", netloc=urlsplit(self._base).netloc).geturl()
        return url

    def _url(self, where: str) -> str:
        if where.startswith(("https://", "http://")):
            return where
        self._base = self._base or self._find_base()
        return f"{self._base}/v2/{self.reference.repository}/{where}"

    def _authorized(self, url: str) -> str | None:
        return self._authorization.header if same_origin(url, self._base) else None

    def _find_base(self) -> str:
        """https; on loopback, or where it is allowed, http if the other side does not speak TLS."""
        address = self.reference.address
        lenient = address.is_loopback or self._transport.plain_http
        if address.scheme == "http" and not lenient:
            raise RegistryUntrusted(
                f"http://{address.host} would send your credentials unprotected (use https, or allow it with"
                " --plain-http)"
            )
        if address.scheme is None and lenient and self._speaks_plainly(address):
            return f"http://{address.host}"
        return f"{address.scheme or 'https'}://{address.host}"

    def _speaks_plainly(self, address: Address) -> bool:
        try:
            self._connection.send("GET", f"https://{address.host}/v2/", {}, effort=self.effort.once())
        except RegistryWithoutTls:
            return True
        except RegistryUnreachable:
            return self._transport.plain_http
        return False
