"""The signatures of a skill, as ``cosign sign --key`` puts them into the registry.

Those of the manifest ``sha256:HEX`` are the layers of the tag ``sha256-HEX.sig`` in the same repository: each layer is
a payload that names the manifest's digest, its annotation the signature of the payload.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Protocol

import msgspec

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci.image import Manifest
from pharia_kernel.skills.oci.reference import is_digest
from pharia_kernel.skills.registry import CodeUnavailable

_PAYLOAD_BYTES = 64 * 1024
_PAYLOAD_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
_ANNOTATION = "dev.cosignproject.cosign/signature"
_KIND = "cosign container image signature"
_MOST = 20
"""Signatures of one image that are looked at."""


class Verifier(Protocol):
    def verifies(self, payload: bytes, signature: bytes) -> bool:
        """Whether the owner of the key signed exactly this."""
        ...


class NotSigned(CodeUnavailable, SkillLoadError):
    """The skill is not served; it is looked at again, since people sign after they publish."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One layer of the image of signatures; its payload is in a blob."""

    payload: str
    """Digest."""
    size: int
    signature: bytes


class Signature(msgspec.Struct, frozen=True):
    payload: bytes
    signature: bytes

    def covers(self, digest: str, verifier: Verifier) -> bool:
        """Whether the owner of the key says that a manifest with this digest is theirs."""
        if not verifier.verifies(self.payload, self.signature):
            return False
        try:
            critical = msgspec.json.decode(self.payload, type=_Payload).critical
        except (ValueError, RecursionError):
            return False
        return critical.type == _KIND and critical.image.digest == digest


class _Payload(msgspec.Struct):
    class Critical(msgspec.Struct):
        class Image(msgspec.Struct):
            digest: str = msgspec.field(name="docker-manifest-digest")

        image: Image
        type: str

    critical: Critical


def signature_tag(digest: str) -> str:
    return f"{digest.replace(':', '-')}.sig"


def claims(manifest: bytes) -> list[Claim]:
    """What can be a signature; nothing in images of other kinds."""
    try:
        layers = msgspec.json.decode(manifest, type=Manifest).layers
    except (ValueError, RecursionError):
        return []
    found: list[Claim] = []
    for layer in layers:
        try:
            signature = base64.b64decode((layer.annotations or {}).get(_ANNOTATION, ""), validate=True)
        except (binascii.Error, ValueError):
            continue
        fits = layer.media_type == _PAYLOAD_TYPE and is_digest(layer.digest) and 0 < layer.size <= _PAYLOAD_BYTES
        if fits and signature:
            found.append(Claim(layer.digest, layer.size, signature))
    return found[:_MOST]
