"""Text in pieces that fit a model: drivers behind :class:`Chunking`."""

from pharia_kernel.csi.chunking.chunker import Chunker, ChunkingOptions
from pharia_kernel.csi.chunking.chunking import AbsentChunking, Chunked, Chunking

__all__ = ["AbsentChunking", "Chunked", "Chunker", "Chunking", "ChunkingOptions"]
