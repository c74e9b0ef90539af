"""Who asks a registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

USER = "SKILL_REGISTRY_USER"
TOKEN = "SKILL_REGISTRY_TOKEN"
"""The environment variables credentials are taken from."""


class SecretKind(str, Enum):
    PASSWORD = "password"
    """Sent with the user's name; personal access tokens are passwords too."""
    IDENTITY_TOKEN = "identity token"
    """Exchanged for an access token where the registry says so."""
    ACCESS_TOKEN = "access token"
    """Sent as it is."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    secret: str = field(repr=False)
    kind: SecretKind = SecretKind.PASSWORD
    origin: str = "the command line"
    """Where they come from, for messages."""
