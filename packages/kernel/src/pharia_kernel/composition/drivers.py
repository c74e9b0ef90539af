"""What skills may ask for, from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from opentelemetry.trace import Tracer

from pharia_kernel.composition.documents import document_index, embedder
from pharia_kernel.composition.texts import chunker, language_selector
from pharia_kernel.config import Settings
from pharia_kernel.csi.bound import Drivers
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.tools import Toolbox, ToolSource
from pharia_kernel.telemetry.metrics import Metrics


async def drivers(
    settings: Settings,
    backend: InferenceBackend,
    tracer: Tracer,
    stack: AsyncExitStack,
    *tools: ToolSource,
    metrics: Metrics | None = None,
) -> Drivers:
    """Every driver, entered on ``stack``; ``tools``, which have been, in their order."""
    return Drivers(
        await stack.enter_async_context(backend),
        Toolbox(tools),
        tracer,
        chunking=await stack.enter_async_context(chunker(settings, backend)),
        language=await stack.enter_async_context(language_selector(settings)),
        embedder=await stack.enter_async_context(embedder(settings)),
        documents=await stack.enter_async_context(document_index(settings)),
        metrics=metrics or Metrics(),
        content=settings.otel_gen_ai_content_capture,
    )
