"""The name of a skill in a registry."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from pharia_skill.errors import InvalidReference

DEFAULT_TAG = "latest"

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::([0-9]{1,5}))?")
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_REPOSITORY = 255


@dataclass(frozen=True, slots=True)
class Address:
    """A registry's host, with its port where that is not the usual one."""

    host: str
    scheme: str | None = None
    """``https`` or ``http`` where the user said so."""

    @classmethod
    def parse(cls, text: str) -> Address:
        scheme, mark, rest = text.strip().rpartition("://")
        host = rest.rstrip("/")
        match = _HOST.fullmatch(host)
        if mark and scheme not in ("http", "https"):
            raise InvalidReference(
                f"registry `{text}`: `{scheme}://` is not spoken here (leave it out, or use https://)"
            )
        if match is None or int(match[1] or 1) not in range(1, 65536):
            raise InvalidReference(
                f"`{text}` can not be a registry: give its host and, if need be, port (registry.example.com:5000);"
                " what follows the first `/` belongs to the repository"
            )
        return cls(host, scheme or None)

    @property
    def is_loopback(self) -> bool:
        name = self.host.rpartition("]")[0].lstrip("[") if self.host.startswith("[") else self.host.partition(":")[0]
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name.lower() == "localhost"


@dataclass(frozen=True, slots=True)
class Reference:
    """``REGISTRY/REPOSITORY:TAG`` or ``REGISTRY/REPOSITORY@DIGEST``; the skill's name ends the repository."""

    address: Address
    repository: str
    tag: str | None = DEFAULT_TAG
    digest: str | None = None

    def __post_init__(self) -> None:
        parts = self.repository.split("/")
        for part in parts:
            if not _PART.fullmatch(part):
                raise InvalidReference(
                    f"`{part}` in `{self.repository}` can not name a skill or a folder in a registry: small letters and"
                    " digits, between them `.`, `_`, `__` or `-` (give another name with --name)"
                )
        if len(self.repository) > _LONGEST_REPOSITORY:
            raise InvalidReference(f"`{self.repository[:40]}…` is longer than {_LONGEST_REPOSITORY} characters")
        if self.tag is not None and not _TAG.fullmatch(self.tag):
            raise InvalidReference(f"`{self.tag}` can not be a tag: up to 128 letters, digits, `.`, `_` and `-`")
        if self.digest is not None and not _DIGEST.fullmatch(self.digest):
            raise InvalidReference(f"`{self.digest}` can not be a digest: `sha256:` and 64 hexadecimal digits")

    @classmethod
    def of(cls, registry: str, repository: str, name: str, tag: str = DEFAULT_TAG) -> Reference:
        """As settings give it: slashes around the repository do not count, and it may be empty."""
        return cls(Address.parse(registry), "/".join(filter(None, [repository.strip("/"), name])), tag)

    @classmethod
    def parse(cls, text: str) -> Reference:
        scheme, mark, rest = text.rpartition("://")
        host, _, path = rest.partition("/")
        if not names_registry(text):
            raise InvalidReference(f"`{text}` names no registry (registry.example.com/team/haiku:latest)")
        path, _, digest = path.partition("@")
        repository, colon, tag = path.partition(":")
        address = Address.parse(f"{scheme}{mark}{host}")
        return cls(address, repository, tag if colon else (None if digest else DEFAULT_TAG), digest or None)

    @property
    def wanted(self) -> str:
        """What to ask the registry for: the digest counts more than the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    def __str__(self) -> str:
        end = f":{self.tag}" if self.tag is not None else ""
        return f"{self.address.host}/{self.repository}{end}" + (f"@{self.digest}" if self.digest else "")


def names_registry(text: str) -> bool:
    """Whether a reference begins with a host: something with a dot or a port, or ``localhost``."""
    host, slash, _ = text.rpartition("://")[2].partition("/")
    return bool(slash) and (any(mark in host for mark in ".:") or host == "localhost")
