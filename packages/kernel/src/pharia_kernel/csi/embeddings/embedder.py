"""What the kernel wants from something that turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """One row for each text, of length one, or of zeros for a text without any sign."""


class Embedder(Protocol):
    """An async context manager. Cancelling an awaiting task ends the work."""

    @property
    def model(self) -> str:
        """Vectors can be compared if this is the same."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Raises :class:`~pharia_kernel.errors.CsiError`."""
        ...

    async def __aenter__(self) -> Embedder: ...

    async def __aexit__(self, *exc: object) -> None: ...
