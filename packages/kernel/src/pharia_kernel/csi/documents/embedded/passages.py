"""Documents cut into passages, each with its place."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pharia_kernel.csi.chunking.measure import Characters
from pharia_kernel.csi.documents.store import Content, IndexDefinition
from pharia_kernel.csi.types import ChunkRequest


@dataclass(frozen=True, slots=True)
class Passage:
    text: str
    item: int
    """Which of the document's contents it is from."""
    start: int
    """Character of the content."""

    @property
    def end(self) -> int:
        """Its last character."""
        return self.start + len(self.text) - 1


def passages(contents: Sequence[Content], index: IndexDefinition, stop: threading.Event) -> Iterator[Passage]:
    """Of the texts; pictures are only counted. Blocks. Raises ``Stopped`` soon after ``stop`` is set."""
    from pharia_kernel.csi.chunking.splitting import split  # needs a package of the extra

    measure = Characters()
    for item, content in enumerate(contents):
        if isinstance(content, str):
            request = ChunkRequest(content, "", index.passage_characters, index.overlap_characters, char_offsets=True)
            for chunk in split(request, measure, stop):
                assert chunk.char_offset is not None
                yield Passage(chunk.text, item, chunk.char_offset)
