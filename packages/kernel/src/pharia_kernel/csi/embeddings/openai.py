"""Vectors from an endpoint that speaks the OpenAI API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

from pharia_kernel.csi.concurrently import all_of
from pharia_kernel.csi.embeddings.static import unit
from pharia_kernel.csi.http.endpoint import Endpoint, EndpointOptions
from pharia_kernel.errors import BackendAnswerInvalid, InvalidCsiRequest, NotConfigured

if TYPE_CHECKING:
    from pharia_kernel.csi.embeddings.embedder import Vectors

_PATH = "/embeddings"


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    url: str
    """Base URL with its version part, without a slash at the end."""
    model: str
    token: str | None = field(default=None, repr=False)
    batch: int = 64
    """Texts in one request."""
    concurrent: int = 4
    """Requests at the same time."""
    answer_seconds: float = 60.0
    """For one request, with all retries."""


class _Vector(msgspec.Struct, frozen=True):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct, frozen=True):
    data: list[_Vector]


class OpenAiEmbedder:
    """Implements :class:`~pharia_kernel.csi.embeddings.embedder.Embedder`."""

    def __init__(
        self, options: EmbeddingOptions, *, trace_headers: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        self._options = options
        endpoint = EndpointOptions(options.url, options.token, answer_seconds=options.answer_seconds)
        self._endpoint = Endpoint(endpoint, trace_headers=trace_headers)
        self._places = asyncio.Semaphore(options.concurrent)

    async def __aenter__(self) -> OpenAiEmbedder:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._endpoint.__aexit__(*exc)

    @property
    def model(self) -> str:
        return self._options.model

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if find_spec("numpy") is None:
            raise NotConfigured(
                'embedding texts needs packages that are not installed (pip install "pharia-kernel[documents]")'
            )
        import numpy as np

        size = self._options.batch
        batches = [texts[begin : begin + size] for begin in range(0, len(texts), size)]
        answered = await all_of([self._batch(batch) for batch in batches])
        lengths = {vectors.shape[1] for vectors in answered}
        if len(lengths) > 1:
            raise self._wrong(f"vectors of different lengths ({', '.join(map(str, sorted(lengths)))})")
        return np.concatenate(answered) if answered else np.zeros((0, 0), np.float32)

    async def _batch(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        try:
            body = msgspec.json.encode({"model": self._options.model, "input": list(texts), "encoding_format": "float"})
        except UnicodeEncodeError:
            raise InvalidCsiRequest("embedding: a text has half of a surrogate pair, which is no character") from None
        async with self._places:
            data = await self._endpoint.fetch(self._endpoint.asked(_PATH, self._options.model), body)
        try:
            answer = msgspec.json.decode(data, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._wrong(f"something else ({error})") from None
        found = sorted(answer.data, key=lambda vector: vector.index)
        if [vector.index for vector in found] != list(range(len(texts))):
            raise self._wrong(f"{len(found)} vectors for {len(texts)} texts, or with other numbers")
        lengths = {len(vector.embedding) for vector in found}
        if len(lengths) != 1 or 0 in lengths:
            raise self._wrong("vectors of different lengths, or of none")
        with np.errstate(over="ignore"):  # too large a number becomes infinite
            vectors = np.array([vector.embedding for vector in found], np.float64).astype(np.float32)
        if not np.isfinite(vectors).all():
            raise self._wrong("numbers that are not finite")
        return unit(vectors)

    def _wrong(self, what: str) -> BackendAnswerInvalid:
        return BackendAnswerInvalid(f"{self._options.url} embedded texts with model {self._options.model!r} as {what}")
