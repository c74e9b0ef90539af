"""Work on texts, each within its span. Never any content."""

from __future__ import annotations

from opentelemetry.trace import Tracer
from opentelemetry.util.types import AttributeValue

from pharia_kernel.csi.chunking import Chunking
from pharia_kernel.csi.language import LanguageSelection
from pharia_kernel.csi.span import operation_span
from pharia_kernel.csi.types import Chunk, ChunkRequest, LanguageRequest
from pharia_kernel.telemetry import genai
from pharia_kernel.types import Caller


async def traced_chunk(tracer: Tracer, driver: Chunking, request: ChunkRequest, caller: Caller) -> list[Chunk]:
    """The span says what was counted, and why if that was characters."""
    attributes: dict[str, AttributeValue] = {
        "text_len": _size(request.text),
        "max_tokens": request.max_tokens,
        "overlap": request.overlap,
        genai.REQUEST_MODEL: request.model,
    }
    with operation_span(tracer, "chunk", attributes) as span:
        chunked = await driver.chunk(request, caller)
        span.set_attribute("chunk.unit", chunked.unit)
        span.set_attribute("chunk.count", len(chunked.chunks))
        if chunked.reason is not None:
            span.set_attribute("chunk.fallback", chunked.reason)
        return chunked.chunks


async def traced_select(tracer: Tracer, driver: LanguageSelection, request: LanguageRequest) -> str | None:
    attributes = {"text_len": _size(request.text), "languages": len(request.candidates)}
    with operation_span(tracer, "select_language", attributes) as span:
        code = await driver.select(request)
        if code is not None:
            span.set_attribute("language", code)
        return code


def _size(text: str) -> int:
    """Bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
