"""Packages that are assets of GitHub releases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from luaskills.engine.downloads import Downloads
from luaskills.engine.names import check_identifier, check_version
from luaskills.errors import ManagementError, ManifestError
from luaskills.management.install_record import Source
from luaskills.management.release import Release
from luaskills.management.requests import SourceType

_REPOSITORY = re.compile(r"([A-Za-z0-9-]+)/([A-Za-z0-9._-]+)")
_SITE = re.compile(r"https?://github\.com/", re.IGNORECASE)
_CHECKSUM = re.compile(r"([0-9A-Fa-f]{64})\s+\*?(.+)")


def repository(source: str | None) -> str:
    """``owner/repo`` of a locator; raises ManagementError."""
    if source is None:
        raise ManagementError("github install requires source repository")
    text = _SITE.sub("", source, count=1).strip("/")
    match = _REPOSITORY.fullmatch(text)
    if match is None or match[2].endswith(".git") or match[2] in (".", ".."):
        raise ManagementError(f"github source '{source}' must be one repository locator in owner/repo form")
    return text


def skill_id_of(repo: str) -> str:
    """The id a repository stands for: its name; raises ManagementError."""
    name = repo.partition("/")[2]
    try:
        check_identifier("derived github skill_id", name)
    except ManifestError as error:
        raise ManagementError(str(error)) from None
    return name


def latest_release(skill_id: str, repo: str, downloads: Downloads) -> Release:
    """The package of the newest release and its checksum; raises ManagementError, DependencyError."""
    release = downloads.release({"repo": repo}, None)
    tag = str(release.get("tag_name") or "")
    version = tag.removeprefix("v")
    try:
        check_version(version)
    except ManifestError as error:
        raise ManagementError(f"GitHub release '{tag}' of {repo} is not one of a skill: {error}") from None
    package, checksums = f"{skill_id}-v{version}-skill.zip", f"{skill_id}-v{version}-checksums.txt"
    url = _asset_url(release, package, downloads)
    if url is None:
        raise ManagementError(f"GitHub release {tag} does not contain asset '{package}'")
    listed = _asset_url(release, checksums, downloads)
    digest = None if listed is None else _digest(downloads.text(listed), package)
    if digest is None:
        raise ManagementError(f"GitHub release '{tag}' does not expose one SHA-256 checksum for '{package}'")
    return Release(skill_id, version, url, package, digest, Source(SourceType.GITHUB, repo, tag))


def _asset_url(release: Mapping[str, Any], name: str, downloads: Downloads) -> str | None:
    for asset in release.get("assets") or []:
        if isinstance(asset, dict) and asset.get("name") == name and asset.get("browser_download_url"):
            return downloads.mirrored(str(asset["browser_download_url"]))
    return None


def _digest(text: str, name: str) -> str | None:
    for line in text.splitlines():
        match = _CHECKSUM.fullmatch(line.strip())
        if match is not None and match[2] == name:
            return match[1].lower()
    return None
