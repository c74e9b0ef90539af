"""The options an engine is made with, as the SDK chooses them for a runtime root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaskills.client.roots import absolute
from luaskills.install_runtime import host_options_from_runtime_manifest, load_runtime_install_manifest
from luaskills.library import PathLike

_MERGED_KEYWISE = ("space_controller", "capabilities")


def default_pool_config() -> dict[str, int]:
    """One VM stands ready, four at most, idle ones go after a minute."""
    return {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}


def default_space_controller_options() -> dict[str, Any]:
    """All keys of the option ``space_controller``; nothing is spawned."""
    return {
        "endpoint": None,
        "auto_spawn": False,
        "executable_path": None,
        "process_mode": "managed",
        "minimum_uptime_secs": 300,
        "idle_timeout_secs": 900,
        "default_lease_ttl_secs": 120,
        "connect_timeout_secs": 5,
        "startup_timeout_secs": 15,
        "startup_retry_interval_ms": 250,
        "lease_renew_interval_secs": 30,
    }


def default_host_options(runtime_root: PathLike) -> dict[str, Any]:
    """The host options of a runtime root, with what its install manifest adds."""
    root = absolute(runtime_root)
    options: dict[str, Any] = {
        "temp_dir": (root / "temp").as_posix(),
        "resources_dir": (root / "resources").as_posix(),
        "lua_packages_dir": (root / "lua_packages").as_posix(),
        "host_provided_tool_root": (root / "bin" / "tools").as_posix(),
        "host_provided_lua_root": (root / "lua_packages").as_posix(),
        "host_provided_ffi_root": (root / "libs").as_posix(),
        "download_cache_root": (root / "temp" / "downloads").as_posix(),
        "dependency_dir_name": "dependencies",
        "state_dir_name": "state",
        "database_dir_name": "databases",
        "skill_config_file_path": None,
        "allow_network_download": True,
        "github_base_url": None,
        "github_api_base_url": None,
        "sqlite_library_path": None,
        "sqlite_provider_mode": "dynamic_library",
        "sqlite_callback_mode": "standard",
        "lancedb_library_path": None,
        "lancedb_provider_mode": "dynamic_library",
        "lancedb_callback_mode": "standard",
        "space_controller": default_space_controller_options(),
        "cache_config": None,
        "runlua_pool_config": None,
        "reserved_entry_names": [],
        "ignored_skill_ids": [],
        "capabilities": {"enable_skill_management_bridge": False, "enable_managed_io_compat": True},
    }
    manifest = load_runtime_install_manifest(root)
    return options if manifest is None else merged(options, host_options_from_runtime_manifest(manifest))


def create_engine_options(
    runtime_root: PathLike,
    *,
    host_options: Mapping[str, Any] | None = None,
    pool_config: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """``{pool_config, host_options}`` for ``luaskills_ffi_engine_new_json``: the defaults under what is given."""
    return {
        "pool_config": {**default_pool_config(), **(pool_config or {})},
        "host_options": merged(default_host_options(runtime_root), host_options or {}),
    }


def merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """``overrides`` over ``base``; ``space_controller`` and ``capabilities`` key by key."""
    result = {**base, **overrides}
    for key in _MERGED_KEYWISE:
        if isinstance(base.get(key), Mapping) and isinstance(overrides.get(key), Mapping):
            result[key] = {**base[key], **overrides[key]}
    return result
