"""How registries and repositories are written."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::([0-9]{1,5}))?")
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_LONGEST_REPOSITORY = 255


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    host: str
    """With its port where that is not the usual one."""
    scheme: Literal["https", "http"] | None = None
    """None where the settings do not say."""
    prefix: str = ""
    """Of a mirror: the folder under which it has the repositories."""

    @classmethod
    def parse(cls, text: str) -> RegistryAddress:
        """From ``registry.example.org``, ``http://localhost:5000`` or ``mirror.example.org/folder``.

        Raises :class:`ValueError`.
        """
        scheme, mark, rest = text.strip().rpartition("://")
        host, _, folder = rest.partition("/")
        match = _HOST.fullmatch(host)
        if mark and scheme not in ("https", "http"):
            raise ValueError(f"{scheme}:// is not spoken with registries (leave it out, or write https://)")
        if match is None or int(match[1] or 1) not in range(1, 65536):
            raise ValueError("not a registry; write its host and, if need be, port: registry.example.org:5000")
        return cls(host.lower(), "http" if scheme == "http" else "https" if mark else None, parse_repository(folder))

    @property
    def is_loopback(self) -> bool:
        name = self.host.rpartition("]")[0].lstrip("[") if self.host.startswith("[") else self.host.partition(":")[0]
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" if self.scheme else self.host


def parse_repository(text: str) -> str:
    """A repository or folder without slashes around it, possibly none; raises :class:`ValueError`."""
    repository = text.strip("/")
    for part in repository.split("/") if repository else ():
        if not _PART.fullmatch(part):
            raise ValueError(
                f"{part!r} can not be part of a repository: small letters and digits, between them . _ __ or -"
            )
    if len(repository) > _LONGEST_REPOSITORY:
        raise ValueError(f"a repository has at most {_LONGEST_REPOSITORY} characters")
    return repository
