"""Getting the archive of a release, checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

from luaskills.engine.downloads import Downloads
from luaskills.errors import ManagementError
from luaskills.management.progress import Progress
from luaskills.management.release import Release


def fetch(release: Release, downloads: Downloads, progress: Progress) -> Path:
    """The archive in the download cache; raises ManagementError, DependencyError.

    A wrong checksum is tried once more from the network, because the cache may hold a damaged file.
    """
    actual = ""
    for _ in range(2):
        archive = downloads.file(release.url, progress.downloaded)
        with archive.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual == release.sha256:
            if not progress.fetched:
                progress.tell("downloading_archive", "cached")
            return archive
        archive.unlink(missing_ok=True)
    raise ManagementError(f"Checksum mismatch for {release.file_name}: expected {release.sha256}, got {actual}")
