"""Texts that become vectors, each within its span, on the account of whoever asks."""

from __future__ import annotations

from opentelemetry.trace import Tracer

from pharia_kernel.csi.embeddings import Embedder
from pharia_kernel.csi.meter import Meter, metered
from pharia_kernel.csi.span import operation_span
from pharia_kernel.csi.types import Embedding, EmbedRequest
from pharia_kernel.quotas.tokens import estimated
from pharia_kernel.telemetry import genai


async def traced_embed(tracer: Tracer, embedder: Embedder, request: EmbedRequest, meter: Meter | None) -> Embedding:
    """Nobody says how many tokens a text has; they are estimated."""
    attributes = {genai.OPERATION: genai.EMBEDDINGS, genai.REQUEST_MODEL: embedder.model}
    with operation_span(tracer, genai.EMBEDDINGS, attributes):

        async def vector() -> Embedding:
            (found,) = await embedder.embed([request.text])
            return Embedding(tuple(found.tolist()), embedder.model)

        return await (vector() if meter is None else metered(meter, embedder.model, estimated(request.text), vector))
