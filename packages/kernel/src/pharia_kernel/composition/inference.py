"""The source of model answers that the settings ask for."""

from __future__ import annotations

from pharia_kernel.config import Settings
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend, EmbeddedOptions
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.propagation import trace_headers


def inference(settings: Settings) -> tuple[str, InferenceBackend]:
    """The chosen source of model answers and its name."""
    choice, endpoint = settings.inference, settings.openai_inference
    if choice == "auto":
        choice = "embedded" if endpoint is None else "openai"
    if choice == "openai":
        if endpoint is None:
            raise ConfigError(
                "inference = openai needs an endpoint (set OPENAI_INFERENCE__URL, OPENAI_INFERENCE__TOKEN)"
            )
        token = endpoint.token.get_secret_value()
        return choice, OpenAiBackend(OpenAiOptions(endpoint.url, token or None), trace_headers=trace_headers)
    if choice == "embedded":
        model = settings.embedded_model
        options = EmbeddedOptions(
            file=model.file,
            any_model=model.any_model,
            context=model.context,
            answer_tokens=model.answer_tokens,
            parallel=model.parallel,
            threads=model.threads,
        )
        return choice, EmbeddedBackend(options)
    return choice, AbsentBackend()
