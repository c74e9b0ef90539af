"""One blob on its way into a registry: in chunks, each repeated from where the registry says it stands."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from urllib.parse import quote

from pharia_skill.errors import RegistryConnectionLost, RegistryError, RegistryUnreachable
from pharia_skill.registry.client import DIGEST_HEADER, RegistryClient
from pharia_skill.registry.connection import REPEATED, Answer, Effort
from pharia_skill.registry.digest import check_digest
from pharia_skill.registry.refusal import codes, refusal

CHUNK_BYTES = 4 * 1024 * 1024

Progress = Callable[[int], None]
"""Told how many bytes of the blob are there; the number may go back when something must be sent again."""

_STARTS = 3
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")
_OUT_OF_STEP = 416
_WITHDRAWAL = Effort(attempts=1, connect=5.0, read=5.0)
"""Nobody waits long for the end of what has failed already."""


class _SessionLost(Exception):
    """The registry does not know the upload any more, or has counted differently."""


def upload_blob(client: RegistryClient, content: bytes, digest: str, progress: Progress = lambda _: None) -> None:
    """Raises :class:`~pharia_skill.errors.RegistryError`; what was sent so far is then withdrawn."""
    for _ in range(_STARTS):
        session = _Session(client, content, digest, progress)
        try:
            session.send()
            session.commit()
            return
        except _SessionLost:
            session.cancel()
            if client.has_blob(digest, len(content)):
                return
        except BaseException:
            session.cancel()
            raise
    host = client.reference.address.host
    raise RegistryUnreachable(f"{host} lost the upload {_STARTS} times; the line or the registry is unsteady")


class _Session:
    def __init__(self, client: RegistryClient, content: bytes, digest: str, progress: Progress) -> None:
        self._client = client
        self._content = memoryview(content)
        self._digest = digest
        self._progress = progress
        self._sent = 0
        answer = client.request("POST", "blobs/uploads/", {"Content-Length": "0"})
        if answer.status != 202:
            raise refusal(answer, "beginning an upload")
        self._location = client.location(answer)
        smallest = answer.headers.get("OCI-Chunk-Min-Length", "")
        self._chunk = max(CHUNK_BYTES, int(smallest) if smallest.isdecimal() else 0)

    def send(self) -> None:
        failures = 0
        while self._sent < len(self._content):
            answer = self._patch()
            if answer is not None and answer.status == 202:
                failures = 0
                self._advance(answer)
                continue
            failures += 1
            if answer is not None and answer.status not in (*REPEATED, _OUT_OF_STEP):
                raise self._unknown(answer) or refusal(answer, "sending the skill")
            if failures == self._client.effort.attempts:
                raise refusal(answer, "sending the skill") if answer is not None else self._gave_up()
            self._client.pause(failures - 1, answer)
            self._ask_range()

    def commit(self) -> None:
        separator = "&" if "?" in self._location else "?"
        url = f"{self._location}{separator}digest={quote(self._digest, safe='')}"
        headers = {"Content-Length": "0", "Content-Type": "application/octet-stream"}
        answer = self._client.request("PUT", url, headers)
        if answer.status not in (201, 204):
            raise self._unknown(answer) or refusal(answer, "finishing an upload")
        if stored := answer.headers.get(DIGEST_HEADER):
            check_digest(self._digest, stored, f"what {self._client.reference.address.host} stored")

    def cancel(self) -> None:
        """As good as it goes; registries clear away what nobody finishes."""
        try:
            self._client.request("DELETE", self._location, {}, effort=_WITHDRAWAL)
        except RegistryError:
            pass

    def _patch(self) -> Answer | None:
        """``None`` if the connection was lost: nobody knows how much arrived."""
        part = self._content[self._sent : self._sent + self._chunk]
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{self._sent}-{self._sent + len(part) - 1}",
            "Content-Length": str(len(part)),
        }
        body = _Watched(part, self._sent, self._progress)
        try:
            return self._client.request("PATCH", self._location, headers, body, effort=self._client.effort.once())
        except RegistryConnectionLost:
            return None

    def _advance(self, answer: Answer) -> None:
        self._location = self._client.location(answer)
        expected = min(self._sent + self._chunk, len(self._content))
        stored = _stored(answer) or expected
        if not self._sent < stored <= expected:
            raise _SessionLost
        self._moved(stored)

    def _ask_range(self) -> None:
        try:
            answer = self._client.request("GET", self._location, {})
        except RegistryConnectionLost:
            raise self._gave_up() from None
        if answer.status != 204:
            raise _SessionLost
        if "Location" in answer.headers:
            self._location = self._client.location(answer)
        stored = _stored(answer)
        if not self._sent <= stored <= len(self._content):
            raise _SessionLost
        self._moved(stored)

    def _moved(self, stored: int) -> None:
        self._sent = stored
        self._progress(stored)

    def _gave_up(self) -> RegistryUnreachable:
        host = self._client.reference.address.host
        return RegistryUnreachable(
            f"the connection to {host} broke off after {self._sent} of {len(self._content)} bytes, again and again"
            " (nothing was published; try again)"
        )

    def _unknown(self, answer: Answer) -> _SessionLost | None:
        lost = answer.status == 404 or "BLOB_UPLOAD_UNKNOWN" in codes(answer) or "BLOB_UPLOAD_INVALID" in codes(answer)
        return _SessionLost() if lost else None


class _Watched(io.BytesIO):
    """Tells how far it was read."""

    def __init__(self, part: memoryview, start: int, progress: Progress) -> None:
        super().__init__(part)
        self._start = start
        self._told = progress

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._told(self._start + self.tell())
        return data


def _stored(answer: Answer) -> int:
    """Bytes the registry has. ``0-0`` stands for none: no chunk is a single byte long."""
    match = _RANGE.fullmatch(answer.headers.get("Range", ""))
    last = int(match[1]) if match is not None else 0
    return last + 1 if last else 0
