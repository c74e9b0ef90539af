"""Copies of what was pulled, shared by the processes and namespaces of one kernel; they outlive it.

Whatever is read is compared with its digest, so a damaged file is one that is not there. What a repository holds is
kept under the repository's name: who may not pull a skill does not get the copy of those who may.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import TypeVar

import msgspec

from pharia_kernel.errors import HostFault
from pharia_kernel.skills.oci.folder import Folder
from pharia_kernel.skills.oci.image import Layer
from pharia_kernel.skills.oci.reference import digest_of, is_digest
from pharia_kernel.skills.oci.signature import Signature

logger = logging.getLogger("pharia_kernel.skills")

T = TypeVar("T")

_LAYERS, _MANIFESTS, _SIGNATURES, _TAGS, _PINS = "layers", "manifests", "signatures", "tags", "pins"
_NOTES_BYTES = 64 * 1024 * 1024
"""Of manifests, and of signatures."""
_REMEMBERED = 10
"""Digests that a tag stood for."""


class _Tag(msgspec.Struct):
    digests: list[str]
    """Newest first."""


class ImageCache:
    """Its methods block. ``repository`` is with its host."""

    def __init__(self, folder: Folder, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    @property
    def locks(self) -> Path:
        return self._folder.root / "locks"

    def layer(self, layer: Layer) -> bytes | None:
        content = self._verified(_LAYERS, _hex(layer.digest), layer.digest)
        if content is not None:
            self._folder.touch(_LAYERS, _hex(layer.digest))
        return content

    def keep_layer(self, layer: Layer, content: bytes) -> None:
        if layer.size > self._most_bytes:
            return
        name = _hex(layer.digest)
        if self._folder.write(_LAYERS, name, content):
            for removed in self._folder.make_room(_LAYERS, self._most_bytes, name):
                logger.info("the copy sha256:%s of a skill made room for another", removed)

    def manifest(self, repository: str, digest: str) -> bytes | None:
        return self._verified(_MANIFESTS, _key(repository, digest), digest)

    def keep_manifest(self, repository: str, digest: str, content: bytes) -> None:
        self._keep_note(_MANIFESTS, _key(repository, digest), content)

    def signature(self, repository: str, digest: str) -> Signature | None:
        return self._decoded(_SIGNATURES, _key(repository, digest), Signature)

    def keep_signature(self, repository: str, digest: str, signature: Signature) -> None:
        self._keep_note(_SIGNATURES, _key(repository, digest), msgspec.json.encode(signature))

    def stood_for(self, repository: str, tag: str) -> list[str]:
        """What a tag stood for when it was last asked for, and before that; newest first."""
        note = self._decoded(_TAGS, _key(repository, tag), _Tag)
        return [digest for digest in note.digests if is_digest(digest)] if note is not None else []

    def note(self, repository: str, tag: str, digest: str) -> None:
        """From now on the tag stands for ``digest``."""
        known = self.stood_for(repository, tag)
        if known[:1] != [digest]:
            digests = [digest, *(other for other in known if other != digest)][:_REMEMBERED]
            self._keep_note(_TAGS, _key(repository, tag), msgspec.json.encode(_Tag(digests)))

    def pinned(self, repository: str, tag: str) -> str | None:
        """What a tag is to stand for here, whatever the registry says."""
        found = (self._folder.read(_PINS, _key(repository, tag)) or b"").decode("ascii", "replace").strip()
        return found if is_digest(found) else None

    def pin(self, repository: str, tag: str, digest: str) -> None:
        """Raises :class:`HostFault` if that can not be kept."""
        if not self._folder.write(_PINS, _key(repository, tag), digest.encode(), durable=True):
            raise HostFault(f"{self._folder.root} takes no files, so {tag} can not be held at {digest}")

    def unpin(self, repository: str, tag: str) -> bool:
        return self._folder.remove(_PINS, _key(repository, tag))

    def _verified(self, kind: str, key: str, digest: str) -> bytes | None:
        content = self._folder.read(kind, key)
        if content is None or digest_of(content) == digest:
            return content
        logger.warning("the copy of %s in %s is damaged and is pulled again", digest, self._folder.root)
        self._folder.remove(kind, key)
        return None

    def _decoded(self, kind: str, key: str, type: type[T]) -> T | None:
        content = self._folder.read(kind, key)
        try:
            return msgspec.json.decode(content, type=type) if content is not None else None
        except (ValueError, RecursionError):
            self._folder.remove(kind, key)
            return None

    def _keep_note(self, kind: str, key: str, content: bytes) -> None:
        if self._folder.write(kind, key, content):
            self._folder.make_room(kind, _NOTES_BYTES, key)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _key(repository: str, version: str) -> str:
    """Short, without slashes, and for different ones different on file systems that do not tell A from a."""
    return hashlib.sha256(f"{repository}@{version}".encode()).hexdigest()
