"""One text into chunks, with the library of the original kernel.

The library asks back for the size of texts. That costs a few microseconds each and gives what it lacks: an end at any
moment, one tokenizer for all limits, and a way past a long line (it counts the whole rest for every chunk).
"""

from __future__ import annotations

import threading

from semantic_text_splitter import TextSplitter

from pharia_kernel.csi.chunking.measure import Measure
from pharia_kernel.csi.chunking.threads import Stopped
from pharia_kernel.csi.types import Chunk, ChunkRequest

_SHORT = 512
"""Characters; the splitter comes back to short texts, such as the words at a chunk's end."""
_KNOWN = 4096
_FAR = 16
"""Units. Where even one character is more than a chunk may hold, the splitter compares sizes beyond the limit; those
are of pieces no longer than the limit in bytes, with a mark or two that a tokenizer puts before a text."""
_ENDLESS = 2**62


class _Sizes:
    """What the splitter is told."""

    def __init__(self, request: ChunkRequest, measure: Measure, stop: threading.Event) -> None:
        self._measure = measure
        self._stop = stop
        longest = measure.longest(request.text)
        self._too_long = None if longest is None else (request.max_tokens + _FAR) * longest
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """What is surely far beyond the limit of a chunk is not counted."""
        if self._stop.is_set():
            raise Stopped
        if self._too_long is not None and len(text) > self._too_long:
            return _ENDLESS
        size = self._known.get(text)
        if size is None:
            size = self._measure.size(text)
            if len(text) <= _SHORT:
                if len(self._known) >= _KNOWN:
                    self._known.clear()
                self._known[text] = size
        return size


def split(request: ChunkRequest, measure: Measure, stop: threading.Event) -> list[Chunk]:
    """Blocks. Raises :class:`Stopped` soon after ``stop`` is set."""
    if stop.is_set():
        raise Stopped
    sizes = _Sizes(request, measure, stop)
    splitter = TextSplitter.from_callback(sizes, request.max_tokens, request.overlap)
    return _with_offsets(request, splitter.chunk_indices(request.text))


def _with_offsets(request: ChunkRequest, found: list[tuple[int, str]]) -> list[Chunk]:
    text, chars = request.text, request.char_offsets
    if text.isascii():
        return [Chunk(chunk, at, at if chars else None) for at, chunk in found]
    chunks, byte, char = [], 0, 0
    for at, chunk in found:  # in order, so every character is encoded once
        byte += len(text[char:at].encode())
        char = at
        chunks.append(Chunk(chunk, byte, at if chars else None))
    return chunks
