"""Options of an engine: the pool, the host options with their defaults, and what this engine adds."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luaskills.errors import InvalidInput
from luaskills.types import Flavour, Json, Limits, Profile

_DEFAULTS: Mapping[str, Json] = {
    "runtime_root": None,
    "temp_dir": None,
    "resources_dir": None,
    "lua_packages_dir": None,
    "host_provided_tool_root": None,
    "host_provided_lua_root": None,
    "host_provided_ffi_root": None,
    "system_lua_lib_dir": None,
    "download_cache_root": None,
    "dependency_dir_name": "dependencies",
    "state_dir_name": "state",
    "database_dir_name": "databases",
    "skill_config_file_path": None,
    "allow_network_download": True,
    "github_base_url": None,
    "github_api_base_url": None,
    "official_skill_hub_base_url": None,
    "enable_private_url_skill_install": False,
    "private_skill_source_allowlist": [],
    "default_text_encoding": None,
    "sqlite_library_path": None,
    "lancedb_library_path": None,
    "sqlite_provider_mode": "dynamic_library",
    "lancedb_provider_mode": "dynamic_library",
    "sqlite_callback_mode": "standard",
    "lancedb_callback_mode": "standard",
    "space_controller": None,
    "cache_config": None,
    "runlua_pool_config": None,
    "reserved_entry_names": [],
    "ignored_skill_ids": [],
    "capabilities": {"enable_skill_management_bridge": False, "enable_managed_io_compat": True},
    "profile": "standard",
    "flavour": "luajit",
    "limits": None,
    "isolation": None,
    "validate_arguments": True,
    "strict": False,
}
_FIXED_LAYOUT = {
    "host_provided_tool_root": "bin",
    "host_provided_ffi_root": "libs",
    "lua_packages_dir": "lua_packages",
    "host_provided_lua_root": "lua_packages",
    "resources_dir": "resources",
    "temp_dir": "temp",
    "download_cache_root": "temp/downloads",
    "system_lua_lib_dir": "system_lua_lib",
    "skill_config_file_path": "config/skill_config.json",
}
_OBJECTS = ("space_controller", "cache_config", "runlua_pool_config", "capabilities")
_FLAGS = ("allow_network_download", "enable_private_url_skill_install", "validate_arguments", "strict")
_PROVIDER_MODES = ("dynamic_library", "host_callback", "space_controller", "builtin")
_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "sqlite_provider_mode": _PROVIDER_MODES,
    "lancedb_provider_mode": _PROVIDER_MODES,
    "sqlite_callback_mode": ("standard", "json"),
    "lancedb_callback_mode": ("standard", "json"),
}
_CHECKED_APART = ("limits", "isolation", "profile", "flavour", "reserved_entry_names", "ignored_skill_ids")
# Options of later SDKs are ignored, but a typo must not open what it was to close.
_OURS = ("profile", "flavour", "limits", "isolation", "validate_arguments")
_CLOSE = 0.8
_LIMITS = ("time_ms", "instructions", "memory_bytes", "depth")
_CONTROLLER_KEYS = (
    "endpoint",
    "auto_spawn",
    "executable_path",
    "process_mode",
    "minimum_uptime_secs",
    "idle_timeout_secs",
    "default_lease_ttl_secs",
    "connect_timeout_secs",
    "startup_timeout_secs",
    "startup_retry_interval_ms",
    "lease_renew_interval_secs",
)


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """How many VMs an engine keeps; normalised to 1 ≤ min ≤ max and ttl ≥ 1."""

    min_size: int = 1
    max_size: int = 4
    idle_ttl_secs: int = 60

    @classmethod
    def parse(cls, value: Json, name: str = "pool_config") -> PoolConfig:
        """From ``{min_size, max_size, idle_ttl_secs}``, all required; raises InvalidInput."""
        if isinstance(value, PoolConfig):
            return value
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{name} must be an object")
        numbers = [_count(value, name, key) for key in ("min_size", "max_size", "idle_ttl_secs")]
        low = max(1, numbers[0])
        return cls(low, max(low, numbers[1]), max(1, numbers[2]))


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Everything an engine is made from."""

    pool: PoolConfig = PoolConfig()
    exec_pool: PoolConfig = PoolConfig()
    host: Mapping[str, Json] = field(default_factory=lambda: dict(_DEFAULTS))
    profile: Profile = Profile.STANDARD
    flavour: Flavour = Flavour.LUAJIT
    limits: Limits = field(default_factory=Limits)
    isolation: str = "pooled"
    """``pooled``: VMs serve all skills; ``skill``: a VM serves one skill, nested calls get a VM of their own;
    ``fresh``: as ``skill``, and a VM serves one call. The profile ``locked`` never uses ``pooled``."""

    @classmethod
    def parse(cls, value: Json) -> EngineOptions:
        """From ``{pool_config, host_options}``; raises InvalidInput naming the member that is wrong."""
        if not isinstance(value, Mapping):
            raise InvalidInput("options must be an object")
        for key in ("pool_config", "host_options"):
            if key not in value:
                raise InvalidInput(f"missing field `{key}`")
        given = value["host_options"]
        if not isinstance(given, Mapping):
            raise InvalidInput("host_options must be an object")
        host = _host_options(given)
        profile = _choice(Profile, host, "profile")
        isolation = host["isolation"] or ("skill" if profile is Profile.LOCKED else "pooled")
        if isolation not in ("pooled", "skill", "fresh"):
            raise InvalidInput(f"host_options.isolation must be pooled, skill or fresh: {isolation!r}")
        if profile is Profile.LOCKED and isolation == "pooled":
            raise InvalidInput("host_options.isolation pooled does not go with the profile locked; use skill or fresh")
        runlua = host["runlua_pool_config"]
        return cls(
            pool=PoolConfig.parse(value["pool_config"]),
            exec_pool=PoolConfig() if runlua is None else PoolConfig.parse(runlua, "runlua_pool_config"),
            host=host,
            profile=profile,
            flavour=_choice(Flavour, host, "flavour"),
            limits=_limits(host["limits"], profile),
            isolation=isolation,
        )


def _host_options(given: Mapping[str, Any]) -> dict[str, Json]:
    for key, value in given.items():
        _check_type(key, value)
        if key not in _DEFAULTS and (meant := difflib.get_close_matches(key, _OURS, 1, _CLOSE)):
            raise InvalidInput(f"host_options has no {key!r}; is {meant[0]!r} meant?")
    capabilities = given.get("capabilities")
    if capabilities is not None and "enable_managed_io_compat" not in capabilities:
        raise InvalidInput("missing field `enable_managed_io_compat`")
    controller = given.get("space_controller")
    if controller is not None:
        for key in _CONTROLLER_KEYS:
            if key not in controller:
                raise InvalidInput(f"missing field `{key}`")
    host = {**_DEFAULTS, **{key: value for key, value in given.items() if value is not None}}
    host["capabilities"] = {**_DEFAULTS["capabilities"], **host["capabilities"]}
    root = host["runtime_root"]
    if root:
        host.update({key: str(Path(os.path.abspath(root)) / below) for key, below in _FIXED_LAYOUT.items()})
        host.update({f"{name}_dir_name": _DEFAULTS[f"{name}_dir_name"] for name in ("dependency", "state", "database")})
    for name in ("dependency_dir_name", "state_dir_name", "database_dir_name"):
        text = host[name]
        if not isinstance(text, str) or not text.strip() or "/" in text or "\\" in text or text in (".", ".."):
            raise InvalidInput(f"host_options.{name} must be the name of a directory: {text!r}")
    if host["skill_config_file_path"]:
        host["skill_config_file_path"] = os.path.abspath(host["skill_config_file_path"])
    for name in ("reserved_entry_names", "ignored_skill_ids"):
        if not isinstance(host[name], list) or not all(isinstance(item, str) for item in host[name]):
            raise InvalidInput(f"host_options.{name} must be a list of texts")
    return host


def _check_type(key: str, value: Json) -> None:
    if value is None or key not in _DEFAULTS or key in _CHECKED_APART:
        return
    if key in _OBJECTS:
        fits, wanted = isinstance(value, Mapping | PoolConfig), "an object"
    elif key in _VARIANTS:
        fits, wanted = value in _VARIANTS[key], f"one of {', '.join(_VARIANTS[key])}"
    elif key in _FLAGS:
        fits, wanted = isinstance(value, bool), "true or false"
    elif key == "private_skill_source_allowlist":
        fits, wanted = isinstance(value, list) and all(isinstance(item, str) for item in value), "a list of texts"
    else:
        fits, wanted = isinstance(value, str | os.PathLike) and "\0" not in str(value), "a text without NUL"
    if not fits:
        raise InvalidInput(f"host_options.{key} must be {wanted}: {value!r}")


def _limits(value: Json, profile: Profile) -> Limits:
    """Limits given as an object; ``locked`` starts from 60 seconds, the others from no limit on time."""
    base = Limits(time_ms=60_000) if profile is Profile.LOCKED else Limits()
    if value is None:
        return base
    if isinstance(value, Limits):
        return value
    if not isinstance(value, Mapping):
        raise InvalidInput("host_options.limits must be an object")
    unknown = sorted(set(value) - set(_LIMITS))
    if unknown:
        raise InvalidInput(f"host_options.limits has no {unknown[0]!r}; it has {', '.join(_LIMITS)}")
    numbers: dict[str, Any] = {}
    for key in _LIMITS:
        number = value.get(key, getattr(base, key))
        if number is None and key != "depth":
            numbers[key] = None
        elif isinstance(number, bool) or not isinstance(number, int) or number <= 0:
            raise InvalidInput(f"host_options.limits.{key} must be a positive integer: {number!r}")
        else:
            numbers[key] = number
    return Limits(**numbers)


def _choice(kind: type[Any], host: Mapping[str, Json], key: str) -> Any:
    try:
        return kind(host[key])
    except ValueError:
        allowed = ", ".join(member.value for member in kind)
        raise InvalidInput(f"host_options.{key} must be one of {allowed}: {host[key]!r}") from None


def _count(value: Mapping[str, Any], name: str, key: str) -> int:
    if key not in value:
        raise InvalidInput(f"missing field `{key}`")
    number = value[key]
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InvalidInput(f"{name}.{key} must be a non-negative integer: {number!r}")
    return number
