"""What skills may ask for, from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from opentelemetry.trace import Tracer

from pharia_kernel.composition.texts import chunker, language_selector
from pharia_kernel.composition.tools import toolbox
from pharia_kernel.config import Settings
from pharia_kernel.csi.bound import Drivers
from pharia_kernel.csi.inference.backend import InferenceBackend


async def drivers(settings: Settings, backend: InferenceBackend, tracer: Tracer, stack: AsyncExitStack) -> Drivers:
    """Every driver, entered on ``stack``."""
    return Drivers(
        await stack.enter_async_context(backend),
        toolbox(settings),
        tracer,
        chunking=await stack.enter_async_context(chunker(settings, backend)),
        language=await stack.enter_async_context(language_selector(settings)),
    )
