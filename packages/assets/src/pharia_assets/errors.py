"""Every error of this package, as one tree.

    AssetError
    ├── AssetUnavailable    the wheel could not be had: no network, no such wheel, no disk
    └── AssetCorrupt        what came is not what is pinned

``code`` is stable and meant for programs; the text is for people and may change.
"""

from __future__ import annotations

from typing import ClassVar


class AssetError(Exception):
    """``str(error)`` says what happened, with which value, and the way out."""

    code: ClassVar[str] = "asset-failed"


class AssetUnavailable(AssetError):
    code = "asset-unavailable"


class AssetCorrupt(AssetError):
    code = "asset-corrupt"
