"""Which assets an installation consists of, and the manifest that lists them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from luaskills.install_runtime.database import RuntimeDatabasePreset, host_options_patch
from luaskills.install_runtime.target import PlatformTarget, resolved_root
from luaskills.types import Json

LUASKILLS_VERSION = "v0.3.0"
VLDB_CONTROLLER_VERSION = "v0.2.1"
VLDB_SQLITE_VERSION = "v0.1.5"
VLDB_LANCEDB_VERSION = "v0.1.5"
LUASKILLS_REPO = "LuaSkills/luaskills"
VLDB_CONTROLLER_REPO = "OpenVulcan/vldb-controller"
VLDB_SQLITE_REPO = "OpenVulcan/vldb-sqlite"
VLDB_LANCEDB_REPO = "OpenVulcan/vldb-lancedb"
BASE_URL = "https://github.com"

P = ParamSpec("P")
T = TypeVar("T")


class RuntimeEngine(str, Enum):
    """Which engine a runtime root is made for."""

    BUILTIN = "builtin"
    """The one in this package: nothing to download."""
    NATIVE = "native"
    """The released native library and what it needs."""

    @classmethod
    def parse(cls, value: RuntimeEngine | str) -> RuntimeEngine:
        """Raises ValueError for an engine that does not exist."""
        try:
            return cls(value)
        except ValueError:
            raise ValueError(f"unsupported runtime engine: {value}") from None


@dataclass(frozen=True, slots=True)
class Asset:
    """One archive of a release."""

    role: str
    repository: str
    version: str
    asset_name: str
    installed_path: str
    """Relative to the runtime root."""

    @property
    def release_path(self) -> str:
        """Where it is below the site of its repository."""
        return f"{self.repository}/releases/download/{self.version}/{self.asset_name}"

    def to_json(self, base_url: str) -> dict[str, str]:
        url = f"{base_url.rstrip('/')}/{self.release_path}"
        return {
            "role": self.role,
            "repository": self.repository,
            "version": self.version,
            "asset_name": self.asset_name,
            "sha256_asset_name": f"{self.asset_name}.sha256",
            "download_url": url,
            "sha256_url": f"{url}.sha256",
            "installed_path": self.installed_path,
        }


@dataclass(frozen=True, slots=True)
class RuntimePlan:
    """What may be installed where."""

    root: Path
    database: RuntimeDatabasePreset
    engine: RuntimeEngine | None
    """None leaves the choice to whoever uses the plan."""
    target: PlatformTarget
    assets: tuple[Asset, ...]
    """Those of the native engine."""
    base_url: str
    offline_mirror: Path | None

    def to_json(self, default: RuntimeEngine) -> dict[str, Json]:
        """The manifest for the chosen engine; its time is now, in UTC."""
        native = (self.engine or default) is RuntimeEngine.NATIVE
        hosted = self.database is RuntimeDatabasePreset.HOST_CALLBACK
        return {
            "schema_version": 1,
            "generated_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "runtime_root": self.root.as_posix(),
            "database_mode": self.database.value,
            "platform": self.target.to_json(),
            "assets": [asset.to_json(self.base_url) for asset in self.assets] if native else [],
            "host_options_patch": host_options_patch(self.database, self.root, self.target) if native or hosted else {},
        }


def plan_runtime(
    *,
    runtime_root: str | os.PathLike[str],
    database: RuntimeDatabasePreset | str = RuntimeDatabasePreset.NONE,
    luaskills_version: str = LUASKILLS_VERSION,
    lua_runtime_version: str | None = None,
    vldb_controller_version: str = VLDB_CONTROLLER_VERSION,
    vldb_sqlite_version: str = VLDB_SQLITE_VERSION,
    vldb_lancedb_version: str = VLDB_LANCEDB_VERSION,
    include_luaskills_ffi: bool = True,
    include_lua_runtime: bool = True,
    luaskills_repo: str = LUASKILLS_REPO,
    lua_runtime_repo: str | None = None,
    vldb_controller_repo: str = VLDB_CONTROLLER_REPO,
    vldb_sqlite_repo: str = VLDB_SQLITE_REPO,
    vldb_lancedb_repo: str = VLDB_LANCEDB_REPO,
    engine: RuntimeEngine | str | None = None,
    base_url: str = BASE_URL,
    offline_mirror: str | os.PathLike[str] | None = None,
) -> RuntimePlan:
    """The plan for this platform; raises ValueError for a mode, engine or platform that is not supported.

    ``base_url`` stands for the site of all repositories; ``offline_mirror`` is a directory with the assets, read in
    place of the network.
    """
    preset, target = RuntimeDatabasePreset.parse(database), PlatformTarget.of()
    key, ending = target.platform_key, f"{target.target_triple}{target.archive_ext}"
    listed: list[Asset] = []

    def add(role: str, repository: str, version: str, name: str, path: str) -> None:
        listed.append(Asset(role, repository, version, name, path))

    if include_lua_runtime:
        repository, version = lua_runtime_repo or luaskills_repo, lua_runtime_version or luaskills_version
        add("lua_runtime", repository, version, f"lua-runtime-{key}.tar.gz", "resources/lua-runtime-manifest.json")
    if include_luaskills_ffi:
        name, path = f"luaskills-ffi-sdk-{key}.tar.gz", f"libs/{target.luaskills_library_name}"
        add("luaskills_ffi", luaskills_repo, luaskills_version, name, path)
    if preset is RuntimeDatabasePreset.VLDB_CONTROLLER:
        version, path = vldb_controller_version, f"bin/{target.controller_binary_name}"
        add("vldb_controller", vldb_controller_repo, version, f"vldb-controller-{version}-{ending}", path)
    if preset is RuntimeDatabasePreset.VLDB_DIRECT:
        version, path = vldb_sqlite_version, f"libs/{target.sqlite_library_name}"
        add("vldb_sqlite_lib", vldb_sqlite_repo, version, f"vldb-sqlite-lib-{version}-{ending}", path)
        version, path = vldb_lancedb_version, f"libs/{target.lancedb_library_name}"
        add("vldb_lancedb_lib", vldb_lancedb_repo, version, f"vldb-lancedb-lib-{version}-{ending}", path)
    return RuntimePlan(
        root=resolved_root(runtime_root),
        database=preset,
        engine=None if engine is None else RuntimeEngine.parse(engine),
        target=target,
        assets=tuple(listed),
        base_url=base_url,
        offline_mirror=None if offline_mirror is None else Path(offline_mirror).expanduser(),
    )


def taking_options(name: str, use: Callable[[RuntimePlan], T], plan: Callable[P, RuntimePlan]) -> Callable[P, T]:
    """A function of a plan as a function of the options that make it."""

    @wraps(plan)
    def function(*args: P.args, **options: P.kwargs) -> T:
        return use(plan(*args, **options))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = use.__doc__
    return function


def build(plan: RuntimePlan) -> dict[str, Json]:
    """The manifest of a runtime that need not be installed, of the native engine unless ``engine`` says otherwise.

    Touches neither disk nor network. Raises ValueError for a mode, engine or platform that is not supported.
    """
    return plan.to_json(RuntimeEngine.NATIVE)


build_runtime_install_manifest = taking_options("build_runtime_install_manifest", build, plan_runtime)
