"""What one repository holds, from whichever host has it; everything is compared with its digest."""

from __future__ import annotations

import asyncio

from pharia_kernel.skills.oci.answer import Answer
from pharia_kernel.skills.oci.connection import Connection
from pharia_kernel.skills.oci.failures import Damaged, RequestFailed, Unreachable
from pharia_kernel.skills.oci.hosts import Hosts
from pharia_kernel.skills.oci.image import ACCEPTED, MANIFEST_BYTES, Layer
from pharia_kernel.skills.oci.reference import digest_of, is_digest, shown

_DIGEST_HEADER = "Docker-Content-Digest"
_BIG = 1024 * 1024
"""Bytes from which hashing would hold up the event loop for a millisecond."""


class ImageSource:
    """``deadline`` is a time of the event loop; every method raises :class:`RequestFailed`."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    async def resolve(self, repository: str, tag: str, deadline: float) -> str:
        """The digest of the manifest that a tag stands for now."""

        async def ask(host: Connection) -> str:
            try:
                answer = await host.ask("HEAD", repository, f"manifests/{tag}", accept=ACCEPTED, most=0)
                if is_digest(digest := answer.headers.get(_DIGEST_HEADER, "")):
                    return digest
            except RequestFailed as failure:
                if failure.status != 405:  # without HEAD
                    raise
            answer = await host.ask("GET", repository, f"manifests/{tag}", accept=ACCEPTED, most=MANIFEST_BYTES)
            return _manifest_digest(answer, shown(repository, tag))

        return await self._hosts.first(ask, deadline)

    async def manifest(self, repository: str, wanted: str, deadline: float) -> bytes:
        """As it is stored; of a tag, what it stands for now."""

        async def ask(host: Connection) -> bytes:
            where = f"manifests/{wanted}"
            answer = await host.ask("GET", repository, where, accept=ACCEPTED, most=MANIFEST_BYTES)
            found = _manifest_digest(answer, shown(repository, wanted))
            if is_digest(wanted) and found != wanted:
                raise Damaged(f"{answer.host} sent another manifest than {shown(repository, wanted)}")
            return answer.body

        return await self._hosts.first(ask, deadline)

    async def blob(self, repository: str, layer: Layer, deadline: float) -> bytes:
        async def ask(host: Connection) -> bytes:
            answer = await host.ask(
                "GET", repository, f"blobs/{layer.digest}", accept="application/octet-stream, */*", most=layer.size
            )
            size = len(answer.body)
            if size < layer.size:
                raise Unreachable(f"{answer.host} sent {size:,} of {layer.size:,} bytes of {layer.digest}")
            big = size > _BIG
            digest = await asyncio.to_thread(digest_of, answer.body) if big else digest_of(answer.body)
            if digest != layer.digest:
                raise Damaged(f"{answer.host} sent something else than the layer {layer.digest} of {repository}")
            return answer.body

        return await self._hosts.first(ask, deadline)


def _manifest_digest(answer: Answer, reference: str) -> str:
    digest = digest_of(answer.body)
    said = answer.headers.get(_DIGEST_HEADER, digest)
    if is_digest(said) and said != digest:
        raise Damaged(f"{answer.host} sent a manifest of {reference} that is not what its digest says")
    return digest
