"""A skill as a registry keeps it: the layout for WebAssembly of the Cloud Native Computing Foundation.

A manifest names a config, which lists the component's imports and exports, and exactly one layer, the component itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pharia_skill.builder.shape import Shape
from pharia_skill.errors import NotASkillImage, RegistryError
from pharia_skill.registry.digest import digest_of

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.wasm.config.v0+json"
LAYER_TYPE = "application/wasm"
ACCEPTED = ", ".join(
    [
        MANIFEST_TYPE,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
"""Also what can not be a skill, so that it is told from what is missing."""

_LAYER_TYPES = (LAYER_TYPE, "application/vnd.wasm.content.layer.v1+wasm")
_EPOCH = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True)
class Descriptor:
    media_type: str
    digest: str
    size: int
    """Bytes."""

    @classmethod
    def of(cls, media_type: str, content: bytes) -> Descriptor:
        return cls(media_type, digest_of(content), len(content))

    def to_json(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Image:
    """All that is sent for a component; the same component gives the same digests."""

    component: bytes = field(repr=False)
    layer: Descriptor
    config: bytes = field(repr=False)
    manifest: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """Of the manifest: what a registry and a kernel call the skill's digest."""
        return digest_of(self.manifest)


def image_of(
    component: bytes, shape: Shape, annotations: Mapping[str, str] | None = None, created: datetime | None = None
) -> Image:
    """``created`` is left at the beginning of 1970 where none is given: readers insist on some time."""
    layer = Descriptor.of(LAYER_TYPE, component)
    time = (created or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
    config = encoded(
        {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "author": None,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer.digest],
            "component": {"exports": list(shape.exports), "imports": list(shape.imports), "target": None},
        }
    )
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Descriptor.of(CONFIG_TYPE, config).to_json(),
        "layers": [layer.to_json()],
    }
    if annotations:
        manifest["annotations"] = dict(sorted(annotations.items()))
    return Image(component, layer, config, encoded(manifest))


def source_date(environ: Mapping[str, str]) -> datetime | None:
    """The time ``SOURCE_DATE_EPOCH`` names, in seconds since 1970."""
    text = environ.get(_EPOCH)
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise RegistryError(f"{_EPOCH} is `{text}`, not a number of seconds since 1970") from None


def layer_in(manifest: bytes) -> Descriptor:
    """The component a manifest names; raises :class:`~pharia_skill.errors.NotASkillImage`."""
    try:
        content = json.loads(manifest)
        layers = [
            Descriptor(str(each["mediaType"]), str(each["digest"]), int(each["size"])) for each in content["layers"]
        ]
    except (ValueError, KeyError, TypeError):
        raise NotASkillImage("this names no layers: an index of images, or no image at all") from None
    if len(layers) != 1 or layers[0].media_type not in _LAYER_TYPES:
        types = ", ".join(layer.media_type for layer in layers) or "nothing"
        raise NotASkillImage(f"a skill has one layer of type {LAYER_TYPE}; this has {types}")
    if not layers[0].digest.startswith("sha256:") or layers[0].size < 0:
        raise NotASkillImage(f"its layer has an unusable digest or size: {layers[0].digest[:80]}, {layers[0].size}")
    return layers[0]


def encoded(content: Mapping[str, Any]) -> bytes:
    """JSON that is the same for the same content."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
