"""The manifest that says what is installed in a runtime root."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luaskills.install_runtime.target import resolved_root
from luaskills.management.durable import write_text
from luaskills.types import Json

MANIFEST_NAME = "luaskills-sdk-runtime-manifest.json"


def runtime_manifest_path(runtime_root: str | os.PathLike[str]) -> Path:
    """Where the manifest of a runtime root is."""
    return resolved_root(runtime_root) / "resources" / MANIFEST_NAME


def manifest_text(manifest: Mapping[str, Json]) -> str:
    """The manifest as its file holds it."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def write_runtime_install_manifest(manifest: Mapping[str, Json]) -> Path:
    """Write a manifest into the root it names, whole or not at all."""
    path = runtime_manifest_path(str(manifest["runtime_root"]))
    write_text(path, manifest_text(manifest))
    return path


def load_runtime_install_manifest(runtime_root: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The manifest of a runtime root; None without one. Raises ValueError when it is no JSON object."""
    path = runtime_manifest_path(runtime_root)
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"runtime manifest {path} can not be read: {error}") from None
    if not isinstance(manifest, dict):
        raise ValueError(f"runtime manifest {path} can not be read: it must be an object")
    return manifest


def host_options_from_runtime_manifest(manifest: Mapping[str, Json]) -> dict[str, Json]:
    """What an installed runtime changes in the host options."""
    patch = manifest.get("host_options_patch")
    return dict(patch) if isinstance(patch, Mapping) else {}
