"""Images of skills, and signatures of them as cosign makes them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.wasm.config.v0+json"
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
KEY = ec.generate_private_key(ec.SECP256R1())


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(media_type: str, content: bytes, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


@dataclass(frozen=True)
class OciImage:
    manifest: bytes
    blobs: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def skill_image(code: bytes, **changes: Any) -> OciImage:
    """``changes`` are members of the manifest."""
    config = json.dumps({"layerDigests": [digest_of(code)]}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config),
        "layers": [descriptor("application/wasm", code)],
        **changes,
    }
    kept = {name: value for name, value in manifest.items() if value is not None}
    return OciImage(json.dumps(kept).encode(), (config, code))


def package_image(archive: bytes) -> OciImage:
    """Of a Lua package."""
    layer = descriptor("application/vnd.luaskills.package.v1+zip", archive)
    config = descriptor("application/vnd.luaskills.package.config.v1+json", b"{}")
    return OciImage(skill_image(archive, config=config, layers=[layer]).manifest, (b"{}", archive))


def payload_of(digest: str, kind: str = "cosign container image signature") -> bytes:
    image = {"docker-manifest-digest": digest}
    critical = {"identity": {"docker-reference": "any/where"}, "image": image, "type": kind}
    return json.dumps({"critical": critical, "optional": None}).encode()


def signature_image(*signed: tuple[bytes, ec.EllipticCurvePrivateKey]) -> OciImage:
    """One layer for each payload, signed with its key."""
    layers = []
    for payload, key in signed:
        signature = base64.b64encode(key.sign(payload, ec.ECDSA(SHA256()))).decode()
        layers.append(descriptor(PAYLOAD, payload, annotations={"dev.cosignproject.cosign/signature": signature}))
    config = b"{}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": layers,
    }
    return OciImage(json.dumps(manifest).encode(), (config, *(payload for payload, _ in signed)))


def public_pem(key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
