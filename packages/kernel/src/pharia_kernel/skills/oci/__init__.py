"""Skills in OCI registries."""

from pharia_kernel.skills.oci.cache import ImageCache
from pharia_kernel.skills.oci.docker_credentials import DockerCredentials
from pharia_kernel.skills.oci.folder import Folder
from pharia_kernel.skills.oci.options import OciOptions
from pharia_kernel.skills.oci.registry import OciRegistry

__all__ = ["DockerCredentials", "Folder", "ImageCache", "OciOptions", "OciRegistry"]
