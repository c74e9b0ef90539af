"""The source of model answers that the settings ask for."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from pharia_kernel.composition.backends import configured_backends, embedded_backend, routed_backend
from pharia_kernel.config import InferenceSource, Settings, inference_source
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaBackend, AlephAlphaOptions
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.propagation import trace_headers

logger = logging.getLogger("pharia_kernel.inference")

_WHO: dict[InferenceSource, str | None] = {
    "routed": None,
    "aleph-alpha": "an API of Aleph Alpha",
    "openai": "an OpenAI-compatible endpoint",
    "embedded": "the embedded model",
    "none": "nobody",
}


def inference(settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[InferenceSource, InferenceBackend]:
    """The chosen source of model answers and its name. Raises :class:`ConfigError`."""
    source = inference_source(settings)
    if source != "routed" and settings.backends:
        logger.warning("backends %s are not used: inference = %s", ", ".join(settings.backends), source)
    logger.info("models are answered by %s", _WHO[source] or f"the backends {', '.join(configured_backends(settings))}")
    return source, _backend(source, settings, environ)


def _backend(source: InferenceSource, settings: Settings, environ: Mapping[str, str]) -> InferenceBackend:
    if source == "routed":
        return routed_backend(settings, environ)
    if source == "aleph-alpha":
        if settings.inference_url is None:
            raise ConfigError("inference = aleph-alpha needs an API of Aleph Alpha (set INFERENCE_URL)")
        return AlephAlphaBackend(AlephAlphaOptions(settings.inference_url), trace_headers=trace_headers)
    if source == "openai":
        if (endpoint := settings.openai_inference) is None:
            raise ConfigError(
                "inference = openai needs an endpoint (set OPENAI_INFERENCE__URL, OPENAI_INFERENCE__TOKEN)"
            )
        token = endpoint.token.get_secret_value()
        return OpenAiBackend(OpenAiOptions(endpoint.url, token or None), trace_headers=trace_headers)
    return embedded_backend(settings.embedded_model) if source == "embedded" else AbsentBackend()
