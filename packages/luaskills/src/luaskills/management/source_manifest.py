"""Packages that a JSON document describes: the official hub's answer, or a manifest behind a private URL."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from luaskills.engine.downloads import Downloads
from luaskills.engine.names import check_version
from luaskills.errors import ManagementError, ManifestError
from luaskills.management.install_record import Source
from luaskills.management.release import Release
from luaskills.management.requests import SourceType
from luaskills.types import Authority, Json

_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


def hub_release(skill_id: str, source: str | None, options: Mapping[str, Json], downloads: Downloads) -> Release:
    """The latest version the official hub knows; raises ManagementError, DependencyError."""
    base = options["official_skill_hub_base_url"]
    if source is not None and source != skill_id:
        raise ManagementError(f"official_hub source '{source}' does not match requested skill_id '{skill_id}'")
    if not base:
        raise ManagementError("official_hub install requires host_options.official_skill_hub_base_url")
    url = f"{base.rstrip('/')}/api/v1/skills/{quote(skill_id)}/resolve?version=latest"
    return _release(skill_id, url, downloads, Source(SourceType.OFFICIAL_HUB, skill_id))


def private_release(
    skill_id: str, url: str | None, authority: Authority | None, options: Mapping[str, Json], downloads: Downloads
) -> Release:
    """The version a private manifest describes; raises ManagementError, DependencyError."""
    if authority is not Authority.SYSTEM:
        raise ManagementError("private_url_manifest install is restricted to host system authority")
    if not options["enable_private_url_skill_install"]:
        raise ManagementError("private_url_manifest install is disabled by host source policy")
    if url is None:
        raise ManagementError("private_url_manifest install requires source manifest URL")
    if not any(_covers(str(allowed), url) for allowed in options["private_skill_source_allowlist"]):
        raise ManagementError(f"private_url_manifest source '{url}' is not allowed by host source policy")
    return _release(skill_id, url, downloads, Source(SourceType.PRIVATE_URL_MANIFEST, url))


def _covers(allowed: str, url: str) -> bool:
    """Whether a URL is one of the list, or lies in the directory it names."""
    wanted, given = urlsplit(allowed), urlsplit(url)
    path = unquote(given.path)
    if "\\" in path or posixpath.normpath(path) != path.rstrip("/") or given.username is not None:
        return False
    if (wanted.scheme.lower(), wanted.netloc.lower()) != (given.scheme.lower(), given.netloc.lower()):
        return False
    directory = wanted.path.rstrip("/")
    return path == wanted.path or path.startswith(f"{directory}/")


def _release(skill_id: str, url: str, downloads: Downloads, source: Source) -> Release:
    try:
        manifest: Any = json.loads(downloads.text(url))
        found, version, archive = manifest["skill_id"], manifest["version"], manifest["archive"]
        kind, location, digest = archive.get("type", "zip"), archive["url"], archive["sha256"]
        check_version(version)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ManifestError) as error:
        raise ManagementError(f"skill manifest {url} is invalid: {type(error).__name__}: {error}") from None
    if found != skill_id:
        raise ManagementError(f"downloaded skill package resolves to skill_id '{found}' instead of '{skill_id}'")
    if kind != "zip":
        raise ManagementError(f"skill manifest {url} names an archive of type '{kind}'; only zip can be installed")
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise ManagementError(f"skill manifest {url} does not hold one SHA-256 checksum of its archive")
    name = f"{skill_id}-v{version}-skill.zip"
    return Release(skill_id, version, urljoin(url, str(location)), name, digest.lower(), source)
