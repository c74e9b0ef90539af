"""Where one namespace's skills are, and how long and how much one waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.skills.oci.signature import Verifier

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OciOptions:
    registry: RegistryAddress
    base_repository: str = ""
    mirrors: tuple[RegistryAddress, ...] = ()
    """Asked first, in this order; the registry itself comes last."""
    insecure: bool = False
    """Speak http where an address does not say https."""
    user: str | None = None
    """Of the registry; never sent to a mirror."""
    password: SecretStr | None = None
    ca_file: Path | None = None
    """Certificates to trust beside those of the system."""
    public_key: Verifier | None = None
    """Only what it says is signed is read."""
    settings: str = "namespaces.NAME"
    """How texts call the table with these settings."""
    component_bytes: int = 512 * MIB
    connect_seconds: float = 5.0
    """Until a host accepts a connection, TLS included."""
    idle_seconds: float = 15.0
    """Until the beginning of an answer, and between two parts of it."""
    resolve_seconds: float = 20.0
    pause_seconds: float = 5.0
    """For which tags are not asked for again after the registry could not be reached."""
    pull_seconds: float = 300.0
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(retries=2, longest_seconds=5.0))
    """Of the registry; a mirror is asked once."""
