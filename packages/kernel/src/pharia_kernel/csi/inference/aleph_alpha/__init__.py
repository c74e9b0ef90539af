"""An inference API of Aleph Alpha."""

from pharia_kernel.csi.inference.aleph_alpha.backend import AlephAlphaBackend, AlephAlphaOptions

__all__ = ["AlephAlphaBackend", "AlephAlphaOptions"]
