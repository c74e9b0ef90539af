"""A component on its way into a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial

from pharia_skill.errors import RegistryError, TagTaken
from pharia_skill.registry.client import RegistryClient
from pharia_skill.registry.image import CONFIG_TYPE, MANIFEST_TYPE, Descriptor, Image
from pharia_skill.registry.reference import Reference
from pharia_skill.registry.upload import upload_blob

Progress = Callable[[int, int], None]
"""Told how many bytes are there, of how many."""


class Outcome(str, Enum):
    NEW = "new"
    REPLACED = "replaced"
    """The tag stood for something else before."""
    UNCHANGED = "unchanged"
    """The tag stood for exactly this before; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Published:
    reference: Reference
    digest: str
    """Of the manifest."""
    size: int
    """Bytes of the component."""
    sent: int
    """Bytes that were not in the registry before."""
    outcome: Outcome
    before: str | None
    """What the tag stood for until now."""


def publish_image(
    client: RegistryClient,
    image: Image,
    *,
    overwrite: bool = True,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Published:
    """Send what is missing, then move the tag; until that last step nobody sees anything of it.

    ``overwrite=False`` raises :class:`~pharia_skill.errors.TagTaken` if the tag stands for something else. A
    ``dry_run`` asks the registry the same questions and writes nothing. Raises
    :class:`~pharia_skill.errors.RegistryError`.
    """
    reference = client.reference
    if reference.tag is None:
        raise RegistryError(f"{reference} can not be published to: a tag is needed, the digest follows from the skill")
    before = client.manifest_digest(reference.tag)
    if before == image.digest:
        return Published(reference, image.digest, image.layer.size, 0, Outcome.UNCHANGED, before)
    if before is not None and not overwrite:
        raise TagTaken(
            f"{reference} is {before} already, which is another skill than this one ({image.digest});"
            " choose another --tag, or leave out --no-overwrite"
        )
    config = Descriptor.of(CONFIG_TYPE, image.config)
    missing = {
        blob.digest: content
        for blob, content in ((image.layer, image.component), (config, image.config))
        if not client.has_blob(blob.digest, blob.size)
    }
    sent = sum(map(len, missing.values()))
    if not dry_run:
        _upload(client, missing, progress)
        client.put_manifest(reference.tag, image.manifest, MANIFEST_TYPE)
    outcome = Outcome.NEW if before is None else Outcome.REPLACED
    return Published(reference, image.digest, image.layer.size, sent, outcome, before)


def _upload(client: RegistryClient, missing: Mapping[str, bytes], progress: Progress) -> None:
    total = sum(map(len, missing.values()))
    done = 0
    for digest, content in missing.items():
        upload_blob(client, content, digest, partial(_tell, progress, done, total))
        done += len(content)
    progress(total, total)


def _tell(progress: Progress, before: int, total: int, sent: int) -> None:
    progress(before + sent, total)
