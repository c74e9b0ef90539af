"""Installing a planned runtime: all is fetched, checked and unpacked before the first file of the root changes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from luaskills.engine.dependencies import directory_name
from luaskills.install_runtime.assets import Asset, RuntimeEngine, RuntimePlan, plan_runtime, taking_options
from luaskills.install_runtime.manifest_file import manifest_text, runtime_manifest_path
from luaskills.install_runtime.placement import placed_files
from luaskills.install_runtime.sources import AssetSource, MirrorDirectory, ReleaseSite
from luaskills.install_runtime.unpack import unpack_archive
from luaskills.management.durable import remove
from luaskills.management.lock import locked
from luaskills.management.transaction import HIDDEN, Transaction, settle
from luaskills.types import Json

_DIRECTORIES = ("bin", "libs", "include", "lua_packages", "licenses", "resources")
_LAYOUT = (
    *_DIRECTORIES,
    "bin/tools",
    "temp/downloads",
    "dependencies",
    "state",
    "databases",
    "root_skills",
    "project_skills",
    "user_skills",
)
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def install(plan: RuntimePlan) -> dict[str, Json]:
    """Install a runtime and give its manifest, of the built-in engine unless ``engine`` says otherwise.

    Archives that an interrupted installation fetched are used again. Raises ValueError for wrong checksums and
    archives, FileNotFoundError for archives that lack what they are for, other OSError for the network and the disk,
    ManagementError when another installation runs. After any of them the root is as before.
    """
    native = (plan.engine or RuntimeEngine.BUILTIN) is RuntimeEngine.NATIVE
    manifest = plan.to_json(RuntimeEngine.BUILTIN)
    root, temp = plan.root, plan.root / "temp"
    for name in _DIRECTORIES if native else _LAYOUT:
        (root / name).mkdir(parents=True, exist_ok=True)
    journal = temp / "install-runtime.json"
    with locked(temp / "install-runtime.lock"):
        settle(root, journal)
        for leftover in (temp / "install").glob(f"{HIDDEN}*"):
            remove(leftover)
        with Transaction(root, journal) as transaction:
            scratch = transaction.scratch(temp / "install")
            archives: list[Path] = []
            files: dict[str, Path] = {}
            for asset in plan.assets if native else ():
                archives.append(_fetched(asset, _source(plan), temp / "downloads"))
                unpacked = scratch / asset.role
                unpacked.mkdir()
                unpack_archive(archives[-1], unpacked)
                files |= placed_files(asset, unpacked, plan.target)
            staged = scratch / "manifest.json"
            staged.write_text(manifest_text(manifest), "utf-8")
            for name, file in files.items():
                transaction.replace(root / name, file)
            transaction.replace(runtime_manifest_path(root), staged)
            transaction.begin()
            transaction.apply()
            transaction.commit(archives)
    return manifest


install_runtime_assets = taking_options("install_runtime_assets", install, plan_runtime)


def _source(plan: RuntimePlan) -> AssetSource:
    return ReleaseSite(plan.base_url) if plan.offline_mirror is None else MirrorDirectory(plan.offline_mirror)


def _fetched(asset: Asset, source: AssetSource, downloads: Path) -> Path:
    """The verified archive of an asset."""
    expected = _digest_in(source.sidecar(asset), asset)
    downloads.mkdir(parents=True, exist_ok=True)
    path = downloads / directory_name(f"{asset.version}-{asset.asset_name}")
    if path.is_file() and _digest_of(path) == expected:
        return path
    actual = ""
    for _ in range(2):
        resumed = path.with_name(f"{path.name}.part").exists()
        source.copy(asset, path)
        actual = _digest_of(path)
        if actual == expected:
            return path
        path.unlink()
        if not resumed:  # what was here may be the beginning of another file; a whole one is wrong for good
            break
    raise ValueError(f"SHA-256 mismatch for {asset.asset_name}: expected {expected}, got {actual}")


def _digest_in(sidecar: str, asset: Asset) -> str:
    word = (sidecar.split() or [""])[0]
    if _DIGEST.fullmatch(word) is None:
        raise ValueError(f"checksum sidecar {asset.asset_name}.sha256 does not begin with a SHA-256: {word[:80]!r}")
    return word.lower()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
