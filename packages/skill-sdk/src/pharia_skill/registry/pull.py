"""A component out of a registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pharia_skill.registry.client import RegistryClient
from pharia_skill.registry.digest import digest_of
from pharia_skill.registry.download import download_blob
from pharia_skill.registry.image import Descriptor, layer_in
from pharia_skill.registry.publish import Progress
from pharia_skill.registry.reference import Reference


@dataclass(frozen=True, slots=True)
class Pulled:
    reference: Reference
    digest: str
    """Of the manifest."""
    layer: Descriptor
    path: Path


def pull_skill(client: RegistryClient, path: Path, progress: Progress = lambda done, total: None) -> Pulled:
    """Write the component the client's reference names to ``path``, checked against its digest.

    Raises :class:`~pharia_skill.errors.RegistryError`; the file is then as it was before.
    """
    manifest = client.manifest(client.reference.wanted)
    layer = layer_in(manifest)
    download_blob(client, layer, path, lambda done: progress(done, layer.size))
    return Pulled(client.reference, digest_of(manifest), layer, path)
