"""The embedded model: a vector for every token, averaged over a text.

Its weights are in the package ``wordllama``, of which only the two files are used: the package itself would load them
from the network. A passage takes some 50 us.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pharia_kernel.csi.chunking.threads import Stopped, WorkThreads
from pharia_kernel.errors import InvalidCsiRequest, NotConfigured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from pharia_kernel.csi.embeddings.embedder import Vectors

MODEL = "wordllama-l2-supercat-256"
DIMENSION = 256
_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_TENSOR = "embedding.weight"
_SHORT = 400
"""Characters of a text that takes less time than a thread to begin: that of most searches."""
_AT_ONCE = 256
"""Texts between two looks at whether anybody still waits."""


class StaticEmbedder:
    """Implements :class:`~pharia_kernel.csi.embeddings.embedder.Embedder`; the model is loaded with the first text."""

    model = MODEL

    def __init__(self, threads: int | None = None) -> None:
        self._threads = WorkThreads(threads)
        self._loading = asyncio.Lock()
        self._loaded: StaticModel | None = None

    async def __aenter__(self) -> StaticEmbedder:
        await self._threads.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._threads.__aexit__(*exc)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        async with self._loading:
            if self._loaded is None:
                folder = _folder()
                self._loaded = await self._threads.run(lambda stop: StaticModel(folder))
        model = self._loaded
        try:
            if len(texts) == 1 and len(texts[0]) <= _SHORT:
                return model.vectors(texts, threading.Event())
            return await self._threads.run(lambda stop: model.vectors(texts, stop))
        except TypeError:  # so the library says it
            raise InvalidCsiRequest("embedding: a text has half of a surrogate pair, which is no character") from None


class StaticModel:
    """Tokenizer and weights; blocks."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._weights: NDArray[np.float16] = load_file(folder / _WEIGHTS)[_TENSOR]

    def vectors(self, texts: Sequence[str], stop: threading.Event) -> Vectors:
        """Raises :class:`Stopped` soon after ``stop`` is set."""
        import numpy as np

        found = np.zeros((len(texts), DIMENSION), np.float32)
        for begin in range(0, len(texts), _AT_ONCE):
            if stop.is_set():
                raise Stopped
            batch = list(texts[begin : begin + _AT_ONCE])
            for row, encoded in enumerate(self._tokenizer.encode_batch_fast(batch, add_special_tokens=False), begin):
                if encoded.ids:
                    found[row] = self._weights[encoded.ids].mean(axis=0, dtype=np.float32)
        return unit(found)


def unit(vectors: Vectors) -> Vectors:
    """Every row with length one; zeros stay."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return found


def _folder() -> Path:
    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations or find_spec("safetensors") is None:
        raise NotConfigured(
            'embedding texts needs packages that are not installed (pip install "pharia-kernel[documents]"), or an '
            "endpoint (set EMBEDDINGS__URL and EMBEDDINGS__MODEL)"
        )
    return Path(spec.submodule_search_locations[0])
