"""What the kernel wants from something that splits text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from pharia_kernel.csi.types import Chunk, ChunkRequest
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller

Unit = Literal["tokens", "characters"]


@dataclass(frozen=True, slots=True)
class Chunked:
    chunks: list[Chunk]
    unit: Unit
    """What ``max_tokens`` and ``overlap`` counted."""
    reason: str | None = None
    """Why they counted characters."""


class Chunking(Protocol):
    """One request in, its chunks out; raises :class:`~pharia_kernel.errors.CsiError`.

    Cancelling the awaiting task ends the work.
    """

    async def chunk(self, request: ChunkRequest, caller: Caller) -> Chunked: ...


class AbsentChunking:
    """Implements :class:`Chunking`; every call raises NotConfigured."""

    async def chunk(self, request: ChunkRequest, caller: Caller) -> Chunked:
        raise NotConfigured(
            "text can not be chunked: this kernel has no driver for it; ask its operator, or let the skill do without"
        )
