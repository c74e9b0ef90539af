"""The four database modes, and what each sets in the host options."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from luaskills.install_runtime.target import PlatformTarget
from luaskills.types import Json


class RuntimeDatabasePreset(str, Enum):
    """How skills reach their databases."""

    NONE = "none"
    VLDB_CONTROLLER = "vldb-controller"
    VLDB_DIRECT = "vldb-direct"
    HOST_CALLBACK = "host-callback"

    @classmethod
    def parse(cls, value: RuntimeDatabasePreset | str) -> RuntimeDatabasePreset:
        """Raises ValueError for a mode that does not exist."""
        try:
            return cls(value)
        except ValueError:
            raise ValueError(f"unsupported database preset: {value}") from None


def host_options_patch(preset: RuntimeDatabasePreset, root: Path, target: PlatformTarget) -> dict[str, Json]:
    """What a native engine needs in its host options to use an installed mode."""
    match preset:
        case RuntimeDatabasePreset.HOST_CALLBACK:
            return {
                "sqlite_provider_mode": "host_callback",
                "sqlite_callback_mode": "json",
                "lancedb_provider_mode": "host_callback",
                "lancedb_callback_mode": "json",
            }
        case RuntimeDatabasePreset.VLDB_DIRECT:
            return {
                "sqlite_library_path": (root / "libs" / target.sqlite_library_name).as_posix(),
                "sqlite_provider_mode": "dynamic_library",
                "lancedb_library_path": (root / "libs" / target.lancedb_library_name).as_posix(),
                "lancedb_provider_mode": "dynamic_library",
            }
        case RuntimeDatabasePreset.VLDB_CONTROLLER:
            return {
                "sqlite_provider_mode": "space_controller",
                "lancedb_provider_mode": "space_controller",
                "space_controller": _controller((root / "bin" / target.controller_binary_name).as_posix()),
            }
        case _:
            return {}


def _controller(executable: str) -> dict[str, Json]:
    return {
        "endpoint": None,
        "auto_spawn": True,
        "executable_path": executable,
        "process_mode": "managed",
        "minimum_uptime_secs": 300,
        "idle_timeout_secs": 900,
        "default_lease_ttl_secs": 120,
        "connect_timeout_secs": 5,
        "startup_timeout_secs": 15,
        "startup_retry_interval_ms": 250,
        "lease_renew_interval_secs": 30,
    }
