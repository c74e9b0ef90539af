"""Which source of model answers the settings mean."""

from __future__ import annotations

from typing import Literal

from pharia_kernel.config.settings import Settings

InferenceSource = Literal["routed", "aleph-alpha", "openai", "embedded", "none"]


def inference_source(settings: Settings) -> InferenceSource:
    """What was chosen; ``auto`` takes what is configured, and the embedded model where nothing is."""
    if settings.inference != "auto":
        return settings.inference
    if settings.backends:
        return "routed"
    if settings.inference_url is not None:
        return "aleph-alpha"
    return "embedded" if settings.openai_inference is None else "openai"


def uses_embedded_model(settings: Settings) -> bool:
    source = inference_source(settings)
    return source == "embedded" or (
        source == "routed" and any(backend.kind == "embedded" for backend in settings.backends.values())
    )
