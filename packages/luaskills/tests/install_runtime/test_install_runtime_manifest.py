"""What a runtime manifest says, before and after an installation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from luaskills.install_runtime import (
    RuntimeDatabasePreset,
    build_runtime_install_manifest,
    host_options_from_runtime_manifest,
    load_runtime_install_manifest,
    resolve_luaskills_library_path_from_runtime,
    resolve_runtime_platform_target,
    runtime_manifest_path,
    write_runtime_install_manifest,
)

BASE = "https://github.com"
TRIPLE = "x86_64-unknown-linux-gnu"
CONTROLLER = {
    "endpoint": None,
    "auto_spawn": True,
    "executable_path": "/rt/bin/vldb-controller",
    "process_mode": "managed",
    "minimum_uptime_secs": 300,
    "idle_timeout_secs": 900,
    "default_lease_ttl_secs": 120,
    "connect_timeout_secs": 5,
    "startup_timeout_secs": 15,
    "startup_retry_interval_ms": 250,
    "lease_renew_interval_secs": 30,
}


def urls(manifest: dict[str, Any]) -> list[str]:
    return [asset["download_url"] for asset in manifest["assets"]]


def test_the_manifest_without_databases(tmp_path: Path) -> None:
    manifest = build_runtime_install_manifest(runtime_root=tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", manifest.pop("generated_at"))
    platform = manifest.pop("platform")
    assert platform == resolve_runtime_platform_target("linux", "x86_64")
    release = f"{BASE}/LuaSkills/luaskills/releases/download/v0.3.0"
    assert manifest == {
        "schema_version": 1,
        "runtime_root": tmp_path.as_posix(),
        "database_mode": "none",
        "assets": [
            {
                "role": "lua_runtime",
                "repository": "LuaSkills/luaskills",
                "version": "v0.3.0",
                "asset_name": "lua-runtime-linux-x64.tar.gz",
                "sha256_asset_name": "lua-runtime-linux-x64.tar.gz.sha256",
                "download_url": f"{release}/lua-runtime-linux-x64.tar.gz",
                "sha256_url": f"{release}/lua-runtime-linux-x64.tar.gz.sha256",
                "installed_path": "resources/lua-runtime-manifest.json",
            },
            {
                "role": "luaskills_ffi",
                "repository": "LuaSkills/luaskills",
                "version": "v0.3.0",
                "asset_name": "luaskills-ffi-sdk-linux-x64.tar.gz",
                "sha256_asset_name": "luaskills-ffi-sdk-linux-x64.tar.gz.sha256",
                "download_url": f"{release}/luaskills-ffi-sdk-linux-x64.tar.gz",
                "sha256_url": f"{release}/luaskills-ffi-sdk-linux-x64.tar.gz.sha256",
                "installed_path": "libs/libluaskills.so",
            },
        ],
        "host_options_patch": {},
    }
    assert list(tmp_path.iterdir()) == []


def test_the_controller_mode() -> None:
    manifest = build_runtime_install_manifest(runtime_root="/rt", database=RuntimeDatabasePreset.VLDB_CONTROLLER)
    asset = manifest["assets"][-1]
    name = f"vldb-controller-v0.2.1-{TRIPLE}.tar.gz"
    assert (asset["role"], asset["installed_path"]) == ("vldb_controller", "bin/vldb-controller")
    assert asset["download_url"] == f"{BASE}/OpenVulcan/vldb-controller/releases/download/v0.2.1/{name}"
    assert manifest["host_options_patch"] == {
        "sqlite_provider_mode": "space_controller",
        "lancedb_provider_mode": "space_controller",
        "space_controller": CONTROLLER,
    }


def test_the_direct_mode() -> None:
    manifest = build_runtime_install_manifest(
        runtime_root="/rt", database="vldb-direct", include_lua_runtime=False, include_luaskills_ffi=False
    )
    assert urls(manifest) == [
        f"{BASE}/OpenVulcan/vldb-sqlite/releases/download/v0.1.5/vldb-sqlite-lib-v0.1.5-{TRIPLE}.tar.gz",
        f"{BASE}/OpenVulcan/vldb-lancedb/releases/download/v0.1.5/vldb-lancedb-lib-v0.1.5-{TRIPLE}.tar.gz",
    ]
    assert manifest["host_options_patch"] == {
        "sqlite_library_path": "/rt/libs/libvldb_sqlite.so",
        "sqlite_provider_mode": "dynamic_library",
        "lancedb_library_path": "/rt/libs/libvldb_lancedb.so",
        "lancedb_provider_mode": "dynamic_library",
    }


@pytest.mark.parametrize("engine", ["native", "builtin"])
def test_the_callback_mode(engine: str) -> None:
    manifest = build_runtime_install_manifest(runtime_root="/rt", database="host-callback", engine=engine)
    assert len(manifest["assets"]) == (2 if engine == "native" else 0)
    assert manifest["host_options_patch"] == {
        "sqlite_provider_mode": "host_callback",
        "sqlite_callback_mode": "json",
        "lancedb_provider_mode": "host_callback",
        "lancedb_callback_mode": "json",
    }


@pytest.mark.parametrize("database", list(RuntimeDatabasePreset))
def test_the_built_in_engine_has_nothing_to_download(database: RuntimeDatabasePreset) -> None:
    manifest = build_runtime_install_manifest(runtime_root="/rt", database=database, engine="builtin")
    assert manifest["assets"] == []
    assert "space_controller" not in str(manifest["host_options_patch"])


def test_versions_and_repositories_may_be_chosen() -> None:
    manifest = build_runtime_install_manifest(
        runtime_root="/rt",
        database="vldb-direct",
        luaskills_version="v1",
        luaskills_repo="a/b",
        vldb_sqlite_version="v2",
        vldb_sqlite_repo="c/d",
        vldb_lancedb_version="v3",
        vldb_lancedb_repo="e/f",
        base_url="https://mirror.example/github/",
    )
    assert [re.sub(r"[^/]*$", "", url) for url in urls(manifest)] == [
        "https://mirror.example/github/a/b/releases/download/v1/",
        "https://mirror.example/github/a/b/releases/download/v1/",
        "https://mirror.example/github/c/d/releases/download/v2/",
        "https://mirror.example/github/e/f/releases/download/v3/",
    ]
    other = build_runtime_install_manifest(runtime_root="/rt", lua_runtime_version="v9", lua_runtime_repo="g/h")
    assert urls(other)[0] == f"{BASE}/g/h/releases/download/v9/lua-runtime-linux-x64.tar.gz"


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^unsupported database preset: oracle$"):
        build_runtime_install_manifest(runtime_root="/rt", database="oracle")
    with pytest.raises(ValueError, match=r"^unsupported runtime engine: steam$"):
        build_runtime_install_manifest(runtime_root="/rt", engine="steam")


@pytest.mark.parametrize(
    ("system", "machine", "key", "triple", "library"),
    [
        ("Windows", "AMD64", "windows-x64", "x86_64-pc-windows-msvc", "luaskills.dll"),
        ("Darwin", "x86_64", "macos-x64", "x86_64-apple-darwin", "libluaskills.dylib"),
        ("Darwin", "arm64", "macos-arm64", "aarch64-apple-darwin", "libluaskills.dylib"),
        ("Linux", "x86_64", "linux-x64", TRIPLE, "libluaskills.so"),
        ("Linux", "aarch64", "linux-arm64", "aarch64-unknown-linux-gnu", "libluaskills.so"),
    ],
)
def test_platforms(system: str, machine: str, key: str, triple: str, library: str) -> None:
    target = resolve_runtime_platform_target(system, machine)
    assert (target["platform_key"], target["target_triple"], target["luaskills_library_name"]) == (key, triple, library)
    windows = system == "Windows"
    assert target["archive_ext"] == (".zip" if windows else ".tar.gz")
    assert target["controller_binary_name"] == ("vldb-controller.exe" if windows else "vldb-controller")
    assert target["sqlite_library_name"] == library.replace("luaskills", "vldb_sqlite")
    assert target["lancedb_library_name"] == library.replace("luaskills", "vldb_lancedb")


@pytest.mark.parametrize(
    ("system", "machine", "message"),
    [
        ("FreeBSD", "x86_64", "unsupported runtime platform: freebsd/x86_64"),
        ("Windows", "ARM64", "unsupported runtime platform: windows/aarch64"),
        ("Linux", "riscv64", "unsupported architecture: riscv64"),
    ],
)
def test_platforms_without_assets_are_refused(system: str, machine: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        resolve_runtime_platform_target(system, machine)


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    # row 173, its first half: what a host's options are overlaid with
    assert load_runtime_install_manifest(tmp_path) is None
    manifest = build_runtime_install_manifest(runtime_root=tmp_path, database="host-callback")
    path = write_runtime_install_manifest(manifest)
    assert path == runtime_manifest_path(tmp_path) == tmp_path / "resources" / "luaskills-sdk-runtime-manifest.json"
    loaded = load_runtime_install_manifest(tmp_path)
    assert loaded == manifest
    assert host_options_from_runtime_manifest(loaded) == manifest["host_options_patch"]
    assert host_options_from_runtime_manifest({}) == {}


@pytest.mark.parametrize("content", ["", "[]", "\u00ff{"])
def test_a_manifest_that_makes_no_sense_is_named(tmp_path: Path, content: str) -> None:
    path = runtime_manifest_path(tmp_path)
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(ValueError, match=f"^runtime manifest {path} can not be read: "):
        load_runtime_install_manifest(tmp_path)


def test_the_native_library_is_found_where_it_is_installed(tmp_path: Path) -> None:
    assert resolve_luaskills_library_path_from_runtime(tmp_path) is None
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "libluaskills.so").touch()
    assert resolve_luaskills_library_path_from_runtime(tmp_path) == tmp_path / "libs" / "libluaskills.so"
    target = resolve_runtime_platform_target("Windows", "x86_64")
    assert resolve_luaskills_library_path_from_runtime(tmp_path, target) is None
