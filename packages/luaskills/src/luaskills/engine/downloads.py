"""Files from the network, kept in the download cache, under the host's policy."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from luaskills.errors import DependencyError
from luaskills.types import Json

_TIMEOUT_SECONDS = 30.0
_LARGEST_BYTES = 2 * 1024**3
_LARGEST_TEXT = 16 * 1024**2

Progress = Callable[[int, int | None], None]


class Downloads:
    """HTTP GET with a cache of files; raises DependencyError."""

    def __init__(self, options: Mapping[str, Json], log: logging.Logger) -> None:
        self._options, self._log = options, log

    def file(self, url: str, progress: Progress | None = None) -> Path:
        """The content of a URL as a file of the cache; ``progress`` gets bytes done and, where known, in all."""
        cache = Path(self._options["download_cache_root"] or Path(tempfile.gettempdir()) / "luaskills-downloads")
        name = os.path.basename(urlsplit(url).path) or "download"
        path = cache / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name}"
        if path.is_file():
            return path
        self._log.info("[LuaSkills:download] Fetching %s from %s", name, url)
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as partial:
            try:
                self._copy(url, partial, progress)
                partial.flush()
                os.replace(partial.name, path)
            except BaseException:
                os.unlink(partial.name)
                raise
        return path

    def text(self, url: str) -> str:
        """The content of a URL as text, at most 16 MiB, never cached."""
        try:
            with self._open(url) as response:
                data: bytes = response.read(_LARGEST_TEXT + 1)
        except (OSError, HTTPException) as error:
            raise DependencyError(f"{url} can not be downloaded: {error}") from None
        if len(data) > _LARGEST_TEXT:
            raise DependencyError(f"{url} is larger than {_LARGEST_TEXT} bytes")
        return data.decode("utf-8", "replace")

    def github_asset(self, github: Mapping[str, Any], version: object, asset: str) -> str:
        """Where the asset of a release is downloaded; tags are tried with and without ``v``."""
        tags = [None] if not version else [f"v{str(version).removeprefix('v')}", str(version).removeprefix("v")]
        problem: DependencyError | None = None
        for tag in tags:
            try:
                release = self.release(github, tag)
            except DependencyError as error:
                problem = error
                continue
            found_tag = str(release.get("tag_name") or tag or "")
            name = asset.replace("{tag}", found_tag).replace("{version}", found_tag.removeprefix("v"))
            for candidate in release.get("assets") or []:
                if candidate.get("name") == name:
                    return self.mirrored(str(candidate.get("browser_download_url")))
            raise DependencyError(f"GitHub release {found_tag} does not contain asset '{name}'")
        raise problem or DependencyError(f"GitHub repository {github['repo']} has no release")

    def release(self, github: Mapping[str, Any], tag: str | None) -> dict[str, Any]:
        """What GitHub says of a release of ``github["repo"]``; None is the latest."""
        base = (self._options["github_api_base_url"] or "https://api.github.com").rstrip("/")
        below = f"tags/{tag}" if tag else "latest"
        url = github.get("tag_api") or f"{base}/repos/{github['repo']}/releases/{below}"
        try:
            release = json.loads(self.text(str(url)))
        except ValueError as error:
            raise DependencyError(f"{url} did not answer with JSON: {error}") from None
        if not isinstance(release, dict):
            raise DependencyError(f"{url} did not answer with a release")
        return release

    def mirrored(self, url: str) -> str:
        """The URL at the host's mirror of GitHub, where it has one."""
        mirror = self._options["github_base_url"]
        return url.replace("https://github.com", mirror.rstrip("/"), 1) if mirror else url

    def _copy(self, url: str, target: Any, progress: Progress | None) -> None:
        try:
            with self._open(url) as response:
                shutil.copyfileobj(_Bounded(response, url, progress), target, 1 << 16)
        except (OSError, HTTPException) as error:
            raise DependencyError(f"{url} can not be downloaded: {error}") from None

    def _open(self, url: str) -> Any:
        if not self._options["allow_network_download"]:
            raise DependencyError("network download is disabled by host policy")
        if urlsplit(url).scheme not in ("http", "https"):
            raise DependencyError(f"only http and https URLs can be downloaded: {url}")
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "luaskills"})
            return urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            error.close()
            raise DependencyError(f"{url} can not be downloaded: {error}") from None
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise DependencyError(f"{url} can not be downloaded: {error}") from None


class _Bounded:
    """A response that refuses to be larger than 2 GiB."""

    def __init__(self, response: Any, url: str, progress: Progress | None) -> None:
        self._response, self._url, self._left, self._progress = response, url, _LARGEST_BYTES, progress
        self._total = response.length if isinstance(response.length, int) else None

    def read(self, size: int = -1, /) -> bytes:
        data: bytes = self._response.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise DependencyError(f"{self._url} is larger than {_LARGEST_BYTES} bytes")
        if self._progress is not None and data:
            self._progress(_LARGEST_BYTES - self._left, self._total)
        return data
