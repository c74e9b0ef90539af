"""The document index inside the kernel, on Lance tables."""

from pharia_kernel.csi.documents.embedded.library import EmbeddedDocuments
from pharia_kernel.csi.documents.embedded.options import EmbeddedOptions

__all__ = ["EmbeddedDocuments", "EmbeddedOptions"]
