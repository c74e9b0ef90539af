"""Where assets come from: release downloads over HTTP, or a directory that mirrors them."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol

from luaskills.install_runtime.assets import Asset

_TIMEOUT_SECONDS = 60.0
_BLOCK_BYTES = 1 << 17
_LARGEST_BYTES = 4 * 1024**3
_LARGEST_SIDECAR = 64 * 1024
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class AssetSource(Protocol):
    """Gives assets and their checksum sidecars; raises OSError."""

    def sidecar(self, asset: Asset) -> str: ...

    def copy(self, asset: Asset, target: Path) -> None:
        """Write the asset to ``target``, going on where an interrupted copy stopped when that is possible."""


class ReleaseSite:
    """Assets over HTTP, through the proxies that the environment names."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/")

    def sidecar(self, asset: Asset) -> str:
        url = f"{self._base}/{asset.release_path}.sha256"
        with _opened(url) as response:
            data: bytes = response.read(_LARGEST_SIDECAR + 1)
        if len(data) > _LARGEST_SIDECAR:
            raise ConnectionError(f"{url} is larger than {_LARGEST_SIDECAR} bytes")
        return data.decode("utf-8", "replace")

    def copy(self, asset: Asset, target: Path) -> None:
        url = f"{self._base}/{asset.release_path}"
        partial = target.with_name(f"{target.name}.part")
        have = partial.stat().st_size if partial.is_file() else 0
        try:
            _download(url, partial, have)
        except _RangeRefused:
            _download(url, partial, 0)
        os.replace(partial, target)


class MirrorDirectory:
    """Assets from a directory: a copy of the site's tree, or all files side by side."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def sidecar(self, asset: Asset) -> str:
        return self._file(asset, ".sha256").read_text("utf-8", "replace")

    def copy(self, asset: Asset, target: Path) -> None:
        partial = target.with_name(f"{target.name}.part")
        shutil.copyfile(self._file(asset, ""), partial)
        os.replace(partial, target)

    def _file(self, asset: Asset, suffix: str) -> Path:
        for place in (asset.release_path, asset.asset_name):
            path = self._directory / f"{place}{suffix}"
            if path.is_file():
                return path
        raise FileNotFoundError(
            f"offline mirror {self._directory} has neither {asset.release_path}{suffix} nor {asset.asset_name}{suffix}"
        )


class _RangeRefused(Exception):
    """The server does not have the rest of what is already here."""


def _download(url: str, partial: Path, have: int) -> None:
    with _opened(url, have) as response, partial.open("ab" if have else "wb") as file:
        if have and response.status != 206:
            file.truncate(0)
            have = 0
        elif have:
            match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != have:
                raise _RangeRefused
        expected = response.length
        received = 0
        try:
            while block := response.read(_BLOCK_BYTES):
                received += len(block)
                if have + received > _LARGEST_BYTES:
                    raise ConnectionError(f"{url} is larger than {_LARGEST_BYTES} bytes")
                file.write(block)
        except (http.client.HTTPException, TimeoutError) as error:
            raise ConnectionError(f"{url} broke off after {have + received} bytes: {error}") from None
    if expected is not None and received != expected:
        raise ConnectionError(
            f"{url} broke off after {have + received} of {have + expected} bytes; run it again to go on"
        )


def _opened(url: str, start: int = 0) -> Any:
    if not url.startswith(("http://", "https://")):
        raise ConnectionError(f"only http and https URLs can be downloaded: {url}")
    headers = {"User-Agent": "luaskills"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        opener = urllib.request.build_opener()  # not the shared one: that keeps the proxies it first saw
        return opener.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if start and error.code == 416:
            raise _RangeRefused from None
        raise ConnectionError(f"{url} can not be downloaded: HTTP {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"{url} can not be downloaded: {getattr(error, 'reason', error)}") from None
