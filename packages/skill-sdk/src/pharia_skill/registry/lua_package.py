"""A Lua package as a registry keeps it: the zip archive that is its release, in one layer."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pharia_skill.errors import NotAComponent
from pharia_skill.registry.image import MANIFEST_TYPE, Descriptor, Image, encoded

PACKAGE_CONFIG_TYPE = "application/vnd.luaskills.package.config.v1+json"
PACKAGE_TYPE = "application/vnd.luaskills.package.v1+zip"
_EXTENSION = ".zip"
_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_MANIFEST = "skill.yaml"


def is_package(path: Path) -> bool:
    return path.suffix == _EXTENSION


def package_name(path: Path) -> str:
    """The folder in the archive: kernels look for it under that name.

    Raises :class:`~pharia_skill.errors.NotAComponent`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise NotAComponent(f"{path} is no archive of a Lua package: {error}") from None
    tops = {name.split("/", 1)[0] for name in names}
    top = tops.pop() if len(tops) == 1 else ""
    if not _NAME.fullmatch(top) or f"{top}/{_MANIFEST}" not in names:
        needed = f"it has to hold one folder, named for the package, with a {_MANIFEST}"
        raise NotAComponent(f"{path} is no archive of a Lua package: {needed}")
    return top


def package_image(archive: bytes, annotations: Mapping[str, str], created: datetime | None = None) -> Image:
    """As :func:`~pharia_skill.registry.image.image_of`."""
    layer = Descriptor.of(PACKAGE_TYPE, archive)
    time = (created or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
    config = encoded({"created": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "layerDigests": [layer.digest]})
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Descriptor.of(PACKAGE_CONFIG_TYPE, config).to_json(),
        "layers": [layer.to_json()],
    }
    if annotations:
        manifest["annotations"] = dict(sorted(annotations.items()))
    return Image(archive, layer, config, encoded(manifest))
