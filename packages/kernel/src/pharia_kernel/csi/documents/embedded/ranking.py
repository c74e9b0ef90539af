"""One order for what was found by meaning and what was found by words.

A score is in [0, 1]: how similar the meanings are (the cosine of the vectors; opposites are 0), raised towards 1 by
words that the passage and the query share. So it says the same in every collection, and can be compared with a limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pharia_kernel.csi.documents.store import CollectionPath
from pharia_kernel.csi.types import Cursor, DocPath, Hit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_WORDS = 0.5
"""How far from the similarity to 1 words can raise a score."""
_HALF = 8.0
"""BM25 value that raises it half as far; a rare word or two reach it."""
_PLACE = ["id", "document", "item", "start", "end", "text"]
SEMANTIC_COLUMNS = [*_PLACE, "_distance"]
TEXTUAL_COLUMNS = [*_PLACE, "vector", "_score"]


class Ranking:
    """Takes in the passages of both sides, in any order."""

    def __init__(self, at: CollectionPath, query: NDArray[np.float32]) -> None:
        self._at = at
        self._query = query
        self._passages: dict[str, tuple[Any, ...]] = {}
        self._similarity: dict[str, float] = {}
        self._words: dict[str, float] = {}

    def add(self, found: pa.Table) -> None:
        """With either of the lists of columns above."""
        names, *columns = (found[name].to_pylist() for name in _PLACE)
        self._passages |= zip(names, zip(*columns, strict=True), strict=True)
        if "_score" in found.column_names:
            cosines = self._cosines(found)
            self._words |= {
                name: score / (score + _HALF) for name, score in zip(names, found["_score"].to_pylist(), strict=True)
            }
        else:
            cosines = [1.0 - far for far in found["_distance"].to_pylist()]
        self._similarity |= {name: min(1.0, max(0.0, one)) for name, one in zip(names, cosines, strict=True)}

    def best(self, limit: int, min_score: float | None) -> list[Hit]:
        """Equal scores keep the order of documents and places."""
        scored = [(-self._score(name), place) for name, place in self._passages.items()]
        if min_score is not None:
            scored = [one for one in scored if -one[0] >= min_score]
        return [self._hit(-score, *place) for score, place in sorted(scored)[:limit]]

    def _score(self, name: str) -> float:
        similarity = self._similarity[name]
        return similarity + (1.0 - similarity) * _WORDS * self._words.get(name, 0.0)

    def _cosines(self, found: pa.Table) -> list[float]:
        import numpy as np

        if not found.num_rows:
            return []
        vectors = found["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        cosines: list[float] = np.dot(vectors.reshape(found.num_rows, -1), self._query).tolist()
        return cosines

    def _hit(self, score: float, document: str, item: int, start: int, end: int, text: str) -> Hit:
        path = DocPath(self._at.namespace, self._at.collection, document)
        return Hit(path, text, score, Cursor(item, start), Cursor(item, end))
