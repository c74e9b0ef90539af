"""Installing a runtime: layout, manifest and, for the native engine, its release assets."""

from luaskills.install_runtime.assets import build_runtime_install_manifest
from luaskills.install_runtime.command import main
from luaskills.install_runtime.database import RuntimeDatabasePreset
from luaskills.install_runtime.install import install_runtime_assets
from luaskills.install_runtime.manifest_file import (
    host_options_from_runtime_manifest,
    load_runtime_install_manifest,
    runtime_manifest_path,
    write_runtime_install_manifest,
)
from luaskills.install_runtime.target import (
    resolve_luaskills_library_path_from_runtime,
    resolve_runtime_platform_target,
)

__all__ = [
    "RuntimeDatabasePreset",
    "build_runtime_install_manifest",
    "host_options_from_runtime_manifest",
    "install_runtime_assets",
    "load_runtime_install_manifest",
    "main",
    "resolve_luaskills_library_path_from_runtime",
    "resolve_runtime_platform_target",
    "runtime_manifest_path",
    "write_runtime_install_manifest",
]
