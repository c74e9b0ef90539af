"""Checking the manifests of a packaged runtime, where one is installed."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luaskills.errors import EngineError
from luaskills.types import Json

LAYOUT = "luaskills-packages-runtime-v1"
_PATHS = (
    "install_manifest",
    "compat_lua_packages_txt",
    "platform_support",
    "third_party_licenses",
    "third_party_notices",
    "help_index",
    "package_help_root",
    "module_help_root",
    "license_index",
)


def check_packaged_runtime(options: Mapping[str, Json], log: logging.Logger) -> None:
    """Raise EngineError with the option ``strict`` when an installed packaged runtime lacks parts; else log it.

    This engine needs none of those parts.
    """
    resources = options["resources_dir"]
    if not resources or not (Path(resources) / "lua-runtime-manifest.json").is_file():
        return
    problem = _problem(Path(resources))
    if problem is None:
        return
    if options["strict"]:
        raise EngineError(problem)
    log.warning("[LuaSkill] %s", problem)


def _problem(resources: Path) -> str | None:
    path = resources / "luaskills-packages-manifest.json"
    if not path.is_file():
        return f"packaged runtime is incomplete: missing {path}"
    try:
        manifest: Any = json.loads(path.read_text("utf-8"))
        version, layout, paths = manifest.get("schema_version"), manifest.get("layout"), manifest.get("paths") or {}
        named = {key: str(paths[key]) for key in _PATHS if paths.get(key)}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        return f"packaged runtime is invalid: {path} can not be read: {error}"
    if version != 1:
        return f"packaged runtime is invalid: unsupported luaskills-packages manifest schema_version {version}"
    if layout != LAYOUT:
        return f"packaged runtime is invalid: unsupported luaskills-packages layout '{layout}'"
    for key in _PATHS:
        if key not in named:
            return f"packaged runtime is incomplete: missing paths.{key}"
        if not (resources.parent / named[key]).exists():
            return f"packaged runtime is incomplete: missing {resources.parent / named[key]}"
    return None
