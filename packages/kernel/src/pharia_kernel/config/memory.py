"""How much memory the deployment gives the kernel, and what part of it holds the code of skills."""

from __future__ import annotations

from pharia_kernel.config.tables import MIB

_UNKNOWN = 4096 * MIB


def code_bytes(request: int | None, limit: int | None) -> int:
    """Bytes of components that stay loaded.

    Half of the memory is for code, and loaded code takes about twice the size of its component.
    """
    return max(1, (request or limit or _UNKNOWN) // 2 // 2)
