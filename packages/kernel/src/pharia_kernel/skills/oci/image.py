"""A skill as a registry keeps it: a manifest with one layer, a component or the archive of a Lua package."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci.reference import is_digest

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.wasm.config.v0+json"
LAYER_TYPE = "application/wasm"
PACKAGE_CONFIG_TYPE = "application/vnd.luaskills.package.config.v1+json"
PACKAGE_TYPE = "application/vnd.luaskills.package.v1+zip"
"""Such a layer is enough, whatever the config is: tools for artifacts write what they like there."""
ACCEPTED = ", ".join(
    [
        MANIFEST_TYPE,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
"""Also what can not be a skill, so that it is told from what is missing."""
MANIFEST_BYTES = 4 * 1024 * 1024
"""The most that registries must take, says the distribution specification."""


@dataclass(frozen=True, slots=True)
class Layer:
    digest: str
    size: int
    """Bytes."""


class Descriptor(msgspec.Struct, rename="camel"):
    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None


class Manifest(msgspec.Struct, rename="camel"):
    config: Descriptor
    layers: list[Descriptor]
    media_type: str | None = None


def code_layer(manifest: bytes, reference: str, most: int) -> Layer:
    """The component or package that a manifest names; raises :class:`SkillLoadError` for every other kind of image.

    ``most`` is the largest component in bytes.
    """
    try:
        found = msgspec.json.decode(manifest, type=Manifest)
    except (ValueError, RecursionError):
        raise _no_skill(reference, "an index of images, or no image at all") from None
    if found.media_type not in (None, MANIFEST_TYPE):
        raise _no_skill(reference, f"its manifest is of type {found.media_type[:100]!r}, not {MANIFEST_TYPE!r}")
    package = len(found.layers) == 1 and found.layers[0].media_type == PACKAGE_TYPE
    if not package and found.config.media_type != CONFIG_TYPE:
        raise _no_skill(reference, f"its config is of type {found.config.media_type[:100]!r}, not {CONFIG_TYPE!r}")
    if len(found.layers) != 1:
        raise _no_skill(reference, f"a skill has exactly one layer; this has {len(found.layers)}")
    layer = found.layers[0]
    if layer.media_type not in (LAYER_TYPE, PACKAGE_TYPE):
        raise _no_skill(reference, f"its layer is of type {layer.media_type[:100]!r}, not {LAYER_TYPE!r}")
    if not is_digest(layer.digest) or layer.size < 0:
        raise _no_skill(reference, f"digest or size of its layer are unusable: {layer.digest[:80]!r}, {layer.size}")
    if layer.size > most:
        raise SkillLoadError(
            f"{reference} has {layer.size:,} bytes; a skill may have up to {most:,} (see images.component-bytes)"
        )
    return Layer(layer.digest, layer.size)


def _no_skill(reference: str, reason: str) -> SkillLoadError:
    return SkillLoadError(f"{reference} is not the image of a skill: {reason} (publish it with `pharia-skill publish`)")
