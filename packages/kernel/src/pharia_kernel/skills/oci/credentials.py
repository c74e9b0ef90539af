"""Who asks a registry."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pydantic import SecretStr

from pharia_kernel.skills.oci.failures import Unreachable


class SecretKind(Enum):
    PASSWORD = "password"
    """Sent with the user's name; personal access tokens are passwords too."""
    IDENTITY_TOKEN = "identity token"
    """Exchanged for an access token."""
    ACCESS_TOKEN = "access token"
    """Sent as it is."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    secret: SecretStr
    kind: SecretKind = SecretKind.PASSWORD
    origin: str = "the configuration"
    """Where they come from, for texts."""

    def basic(self) -> str:
        pair = f"{self.user}:{self.secret.get_secret_value()}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class CredentialsUnusable(Unreachable):
    """They can not be read, so nobody can be asked."""

    transient = False


class CredentialSource(Protocol):
    async def find(self, host: str) -> Credentials | None:
        """For one registry; raises :class:`CredentialsUnusable`."""
        ...


class GivenCredentials:
    """The same for every host; for the one host they are meant for."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def find(self, host: str) -> Credentials | None:
        return self._credentials
