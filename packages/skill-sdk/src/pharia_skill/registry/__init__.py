"""Skills into and out of OCI registries. Host side only: nothing a skill imports may import it."""

from pharia_skill.registry.client import READ, WRITE, RegistryClient, Transport
from pharia_skill.registry.connection import Effort
from pharia_skill.registry.credentials import Credentials, SecretKind
from pharia_skill.registry.image import Descriptor, Image, image_of
from pharia_skill.registry.publish import Outcome, Published, publish_image
from pharia_skill.registry.pull import Pulled, pull_skill
from pharia_skill.registry.reference import Address, Reference

__all__ = [
    "READ",
    "WRITE",
    "Address",
    "Credentials",
    "Descriptor",
    "Effort",
    "Image",
    "Outcome",
    "Published",
    "Pulled",
    "Reference",
    "RegistryClient",
    "SecretKind",
    "Transport",
    "image_of",
    "publish_image",
    "pull_skill",
]
