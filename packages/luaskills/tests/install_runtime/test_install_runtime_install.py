"""Installing the assets of a native runtime from a site, through a proxy, from a directory."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from luaskills.errors import ManagementError
from luaskills.install_runtime import install_runtime_assets, load_runtime_install_manifest
from luaskills.management.lock import locked

ROOT_FILES = {
    "include/luaskills.h",
    "libs/liblua.so",
    "libs/libluaskills.so",
    "licenses/lua-runtime/lua.txt",
    "licenses/luaskills-ffi/luaskills.txt",
    "lua_packages/json.lua",
    "resources/lua-runtime-manifest.json",
    "resources/luaskills-sdk-runtime-manifest.json",
}


def files(root: Path) -> set[str]:
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    return found - {"temp/install-runtime.lock"}


def native(site: Any, root: Path, **more: Any) -> dict[str, Any]:
    return install_runtime_assets(runtime_root=root, engine="native", base_url=site.url, **more)


def test_the_built_in_engine_needs_no_network(site: Any, tmp_path: Path) -> None:
    manifest = install_runtime_assets(runtime_root=tmp_path, base_url=site.url)
    assert manifest["assets"] == []
    assert load_runtime_install_manifest(tmp_path) == manifest
    assert {"root_skills", "project_skills", "user_skills", "lua_packages", "state"} <= set(os.listdir(tmp_path))
    assert site.asked == []


@pytest.mark.parametrize(
    ("database", "added"),
    [
        ("none", set()),
        ("host-callback", set()),
        ("vldb-controller", {"bin/vldb-controller"}),
        ("vldb-direct", {"libs/libvldb_sqlite.so", "libs/libvldb_lancedb.so"}),
    ],
)
def test_a_native_runtime_is_whole(site: Any, tmp_path: Path, database: str, added: set[str]) -> None:
    listed = site.publish(database)
    manifest = native(site, tmp_path, database=database)
    assert files(tmp_path) == ROOT_FILES | added
    assert manifest["assets"] == listed
    assert all((tmp_path / asset["installed_path"]).is_file() for asset in listed)
    assert load_runtime_install_manifest(tmp_path) == manifest
    assert (tmp_path / "libs" / "libluaskills.so").read_bytes() == b"ELF engine"
    if database == "vldb-controller":
        assert (tmp_path / "bin" / "vldb-controller").stat().st_mode & 0o777 == 0o755


def test_parts_may_be_left_out(site: Any, tmp_path: Path) -> None:
    site.publish()
    native(site, tmp_path, include_lua_runtime=False)
    assert files(tmp_path) == {
        name for name in ROOT_FILES if not name.startswith(("lua_packages", "licenses/lua-runtime", "libs/liblua.so"))
    } - {"resources/lua-runtime-manifest.json"}
    assert not any("lua-runtime" in path for path in site.paths())


def test_a_newer_version_replaces_files_and_keeps_strangers(site: Any, tmp_path: Path) -> None:
    listed = site.publish()
    native(site, tmp_path)
    (tmp_path / "libs" / "mine.so").write_text("mine")
    site.replace(listed[1], {"include/luaskills.h": b"// 2", "lib/libluaskills.so": b"ELF 2"})
    native(site, tmp_path)
    assert (tmp_path / "libs" / "libluaskills.so").read_bytes() == b"ELF 2"
    assert files(tmp_path) == ROOT_FILES | {"libs/mine.so"}


def test_a_wrong_checksum_changes_nothing(site: Any, tmp_path: Path) -> None:
    asset = site.publish()[0]
    path = asset["sha256_url"].removeprefix(site.url)
    site.answers[path] = b"0" * 64 + b"  *lua-runtime-linux-x64.tar.gz"
    with pytest.raises(
        ValueError, match=f"^SHA-256 mismatch for {asset['asset_name']}: expected 0{{64}}, got [0-9a-f]"
    ):
        native(site, tmp_path)
    assert files(tmp_path) == set()


@pytest.mark.parametrize("sidecar", [b"", b"not a digest", b"<html>"])
def test_a_sidecar_without_a_digest_is_named(site: Any, tmp_path: Path, sidecar: bytes) -> None:
    asset = site.publish()[0]
    site.answers[asset["sha256_url"].removeprefix(site.url)] = sidecar
    with pytest.raises(ValueError, match=r"checksum sidecar lua-runtime-linux-x64.tar.gz.sha256 does not begin with"):
        native(site, tmp_path)


def test_a_missing_asset_is_named_by_its_url(site: Any, tmp_path: Path) -> None:
    asset = site.publish()[1]
    del site.answers[asset["download_url"].removeprefix(site.url)]
    with pytest.raises(ConnectionError, match=f"^{asset['download_url']} can not be downloaded: HTTP 404"):
        native(site, tmp_path)
    assert not any(name in files(tmp_path) for name in ROOT_FILES)


@pytest.mark.parametrize(
    ("database", "index", "content", "message"),
    [
        ("none", 0, {"lua_packages/x.lua": b""}, "Lua runtime manifest was not found after installing {name}"),
        ("none", 1, {"include/x.h": b""}, "LuaSkills dynamic library was not found after installing {name}"),
        ("vldb-controller", 2, {"README": b""}, "vldb-controller was not found in {name}"),
        ("vldb-direct", 2, {"x.so": b""}, "dynamic library for vldb_sqlite_lib was not found in {name}"),
        ("vldb-direct", 3, {"lancedb.txt": b""}, "dynamic library for vldb_lancedb_lib was not found in {name}"),
    ],
)
def test_an_asset_without_its_content_changes_nothing(
    site: Any, tmp_path: Path, database: str, index: int, content: dict[str, bytes], message: str
) -> None:
    asset = site.publish(database)[index]
    site.replace(asset, content)
    with pytest.raises(FileNotFoundError) as raised:
        native(site, tmp_path, database=database)
    assert str(raised.value) == message.format(name=asset["asset_name"])
    assert not any(name in files(tmp_path) for name in ROOT_FILES)


def test_a_download_that_broke_off_goes_on(site: Any, tmp_path: Path) -> None:
    asset = site.publish()[0]
    content = site.answers[asset["download_url"].removeprefix(site.url)]
    site.break_after = 50
    with pytest.raises(ConnectionError, match="broke off after 50 of"):
        native(site, tmp_path)
    site.break_after = None
    native(site, tmp_path)
    path = asset["download_url"].removeprefix(site.url)
    assert [wanted for asked, wanted in site.asked if asked == path] == [None, "bytes=50-"]
    assert len(content) > 50
    assert files(tmp_path) == ROOT_FILES


@pytest.mark.parametrize("left", ["garbage" * 3, "garbage" * 1000], ids=["shorter", "longer"])
@pytest.mark.parametrize("ranges", [True, False])
def test_the_beginning_of_something_else_is_thrown_away(site: Any, tmp_path: Path, left: str, ranges: bool) -> None:
    site.publish()
    site.ranges = ranges
    partial = tmp_path / "temp" / "downloads" / "v0.3.0-lua-runtime-linux-x64.tar.gz.part"
    partial.parent.mkdir(parents=True)
    partial.write_text(left)
    native(site, tmp_path)
    assert files(tmp_path) == ROOT_FILES


def test_archives_that_were_fetched_are_used_again(site: Any, tmp_path: Path) -> None:
    runtime, ffi = site.publish()
    good = site.answers[ffi["download_url"].removeprefix(site.url)]
    site.replace(ffi, {"README": b""})
    with pytest.raises(FileNotFoundError):
        native(site, tmp_path)
    site.replace(ffi, good)
    native(site, tmp_path)
    assert site.paths().count(runtime["download_url"].removeprefix(site.url)) == 1
    assert files(tmp_path) == ROOT_FILES


def test_a_proxy_of_the_environment_is_used(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.publish()
    monkeypatch.setenv("HTTP_PROXY", site.url)
    install_runtime_assets(runtime_root=tmp_path, engine="native", base_url="http://assets.invalid")
    assert all(path.startswith("http://assets.invalid/LuaSkills/") for path in site.paths())
    assert files(tmp_path) == ROOT_FILES


def test_hosts_without_a_proxy_are_asked_themselves(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.publish()
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    native(site, tmp_path)
    assert files(tmp_path) == ROOT_FILES


@pytest.mark.parametrize("flat", [True, False])
def test_an_offline_mirror_replaces_the_network(site: Any, tmp_path: Path, flat: bool) -> None:
    site.publish()
    mirror, root = tmp_path / "mirror", tmp_path / "root"
    for name, content in site.answers.items():
        path = mirror / (Path(name).name if flat else name.lstrip("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    native(site, root, offline_mirror=mirror)
    assert files(root) == ROOT_FILES
    assert site.asked == []


def test_a_mirror_without_the_asset_names_what_it_lacks(site: Any, tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"has neither LuaSkills/luaskills/releases/download/v0.3.0/lua-runtime"
    ):
        native(site, tmp_path / "root", offline_mirror=tmp_path)


def test_two_installations_do_not_meet(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luaskills.management.lock._WAIT_SECONDS", 0.0)
    with locked(tmp_path / "temp" / "install-runtime.lock"), pytest.raises(ManagementError, match="another management"):
        install_runtime_assets(runtime_root=tmp_path)


def test_a_refusal_of_the_disk_in_the_middle_restores_everything(site: Any, tmp_path: Path) -> None:
    listed = site.publish()
    native(site, tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    site.replace(listed[1], {"lib/libluaskills.so": b"ELF 2", "licenses/a.txt": b"", "include/x/y.h": b""})
    (tmp_path / "include" / "x").write_text("in the way")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        native(site, tmp_path, luaskills_version="v0.3.0")
    (tmp_path / "include" / "x").unlink()
    kept = files(tmp_path) - {name for name in files(tmp_path) if name.startswith("temp/")}
    assert {name: (tmp_path / name).read_bytes() for name in kept} == before


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize(
    "members",
    [
        # row 172
        [member("../../etc/x")],
        [member("/etc/x")],
        [member("C:/x")],
        [member("a\\..\\..\\x")],
        [member("a/../../x")],
        [member("link", tarfile.SYMTYPE, "/etc")],
        [member("link", tarfile.SYMTYPE, "../x")],
        [member("a/link", tarfile.SYMTYPE, "../../x")],
        [member("hard", tarfile.LNKTYPE, "../../etc/passwd")],
        [member("hard", tarfile.LNKTYPE, "/etc/passwd")],
        [member("link", tarfile.SYMTYPE, "."), member("link/x")],
        [member("x/y/b", tarfile.SYMTYPE, "../.."), member("x/y/c", tarfile.SYMTYPE, "b/../x")],
        [member("link", tarfile.SYMTYPE, "."), member("link", tarfile.SYMTYPE, "..")],
    ],
)
def test_members_that_leave_are_refused(site: Any, tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    asset = site.publish()[0]
    hostile = {str(number): info for number, info in enumerate(members)}
    site.replace(asset, {"resources/lua-runtime-manifest.json": b"{}", **hostile})
    with pytest.raises(ValueError, match=r"^archive member escapes extraction directory: ") as raised:
        native(site, tmp_path / "root")
    assert str(raised.value).endswith(f": {members[-1].name}")
    assert not any(name in files(tmp_path / "root") for name in ROOT_FILES)


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_devices_are_refused(site: Any, tmp_path: Path, kind: bytes) -> None:
    asset = site.publish()[0]
    site.replace(asset, {"x": member("libs/x", kind)})
    with pytest.raises(ValueError, match="archive member is neither file, directory nor link: libs/x"):
        native(site, tmp_path)


def test_links_inside_are_kept(site: Any, tmp_path: Path) -> None:
    asset = site.publish()[1]
    members = {
        "lib/libluaskills.so.1": b"ELF 1",
        "link": member("lib/libluaskills.so", tarfile.SYMTYPE, "libluaskills.so.1"),
        "hard": member("lib/copy.so", tarfile.LNKTYPE, "lib/libluaskills.so.1"),
    }
    site.replace(asset, members)
    native(site, tmp_path)
    assert os.readlink(tmp_path / "libs" / "libluaskills.so") == "libluaskills.so.1"
    assert (tmp_path / "libs" / "libluaskills.so").read_bytes() == b"ELF 1"
    assert (tmp_path / "libs" / "copy.so").read_bytes() == b"ELF 1"


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08" + bytes(50)])
def test_damaged_archives_are_named(site: Any, tmp_path: Path, content: bytes) -> None:
    asset = site.publish()[0]
    site.replace(asset, content)
    with pytest.raises(ValueError, match=r"archive v0.3.0-lua-runtime-linux-x64.tar.gz can not be unpacked: "):
        native(site, tmp_path)


def test_what_an_interrupted_installation_changed_is_put_back_by_the_next(site: Any, tmp_path: Path) -> None:
    site.publish()
    native(site, tmp_path)
    (tmp_path / "temp" / "install").mkdir(exist_ok=True)
    os.rename(tmp_path / "libs" / "liblua.so", tmp_path / "libs" / ".liblua.so.1234")
    journal = {
        "version": 1,
        "committed": False,
        "changes": [["libs/liblua.so", "temp/install/x", "libs/.liblua.so.1234", True]],
        "scratch": [],
        "watched": {},
        "discard": [],
    }
    (tmp_path / "temp" / "install-runtime.json").write_text(json.dumps(journal))
    install_runtime_assets(runtime_root=tmp_path)
    assert (tmp_path / "libs" / "liblua.so").read_bytes() == b"lua"
