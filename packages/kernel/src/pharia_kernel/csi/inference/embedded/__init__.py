"""The model that comes with the kernel."""

from pharia_kernel.csi.inference.embedded.backend import EmbeddedBackend
from pharia_kernel.csi.inference.embedded.model import SMOLLM2, SMOLLM2_NAME, EmbeddedOptions

__all__ = ["SMOLLM2", "SMOLLM2_NAME", "EmbeddedBackend", "EmbeddedOptions"]
