"""Settings of OCI registries: where a namespace's skills are, and what holds for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from pharia_kernel.config.registry_address import RegistryAddress, parse_repository
from pharia_kernel.config.tables import MIB, Bytes, DirectoryPath, NoneIfEmpty, Seconds, Table, Words

_GIB = 1024 * MIB
_BEGIN = "-----BEGIN"


def _registry(text: str) -> str:
    if RegistryAddress.parse(text).prefix:
        raise ValueError("a registry has no path; what follows its host is the base-repository")
    return text.strip()


def _mirrors(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            RegistryAddress.parse(text)
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None
    return texts


def _public_key(text: str) -> str:
    if _BEGIN in text and "PUBLIC KEY" not in text:
        raise ValueError("not a public key; write one that begins with -----BEGIN PUBLIC KEY-----, or a path")
    if "\0" in text:
        raise ValueError("a path has no NUL characters")
    return text


Registry = Annotated[str | None, AfterValidator(lambda text: _registry(text) if text else None)]
PublicKey = Annotated[str, AfterValidator(_public_key)]


class RegistrySettings(Table):
    """The OCI registry of one namespace; part of the namespace's table."""

    registry: Registry = None
    """Host and, if need be, port."""
    base_repository: Annotated[str, AfterValidator(parse_repository)] = ""
    """Folder of the registry in which every skill is a repository."""
    registry_user: Annotated[str | None, NoneIfEmpty] = None
    registry_password: Annotated[SecretStr | None, NoneIfEmpty] = None
    """Without user and password, what ``docker login`` keeps is used."""
    registry_ca_file: DirectoryPath | None = None
    """PEM file of certificates to trust beside those of the system."""
    registry_mirrors: Annotated[Words, AfterValidator(_mirrors)] = ()
    """Asked first, in this order."""
    registry_insecure: bool = False
    """Speak http with the registry and its mirrors; on this machine that needs no leave."""
    public_key: PublicKey | None = None
    """Path of a PEM file, or its text; only skills signed with its private key are served."""

    @model_validator(mode="after")
    def _registry_is_complete(self) -> RegistrySettings:
        if (self.registry_user is None) != (self.registry_password is None):
            raise ValueError("registry-user and registry-password go together; one of them is missing")
        if self.registry is None:
            for name in ("base_repository", "registry_user", "registry_ca_file", "registry_mirrors", "public_key"):
                if getattr(self, name):
                    raise ValueError(f"{name.replace('_', '-')} is for a namespace with a registry, which is missing")
            return self
        for address in map(RegistryAddress.parse, (self.registry, *self.registry_mirrors)):
            if address.scheme == "http" and not (self.registry_insecure or address.is_loopback):
                raise ValueError(f"{address} is not protected; write https://, or allow it with registry-insecure")
        return self

    @property
    def public_key_file(self) -> Path | None:
        """None where the key itself is given, or no key at all."""
        if self.public_key is None or _BEGIN in self.public_key:
            return None
        return Path(self.public_key).expanduser()


class ImageSettings(Table):
    """Limits for skills of all registries, and for the copies kept in ``cache-dir``."""

    cache_bytes: Bytes = 4 * _GIB
    """Of copies; the ones used longest ago make room."""
    component_bytes: Bytes = 512 * MIB
    """Of one skill."""
    resolve_seconds: Annotated[Seconds, Field(gt=0)] = 20.0
    """For finding out what a tag stands for, with all mirrors and retries."""
    pull_seconds: Annotated[Seconds, Field(gt=0)] = 300.0
    """For fetching one skill, with all mirrors and retries."""
