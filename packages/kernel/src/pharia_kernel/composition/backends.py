"""Several sources of model answers at once, each behind its limits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from pharia_kernel.composition.secrets import referred_secret
from pharia_kernel.config import BackendSettings, EmbeddedModelSettings, Settings
from pharia_kernel.csi.inference.aleph_alpha import AlephAlphaBackend, AlephAlphaOptions
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend, EmbeddedOptions
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.csi.inference.places import Places
from pharia_kernel.csi.inference.routed import BreakerOptions, CircuitBreaker, GuardedBackend, Route, RoutedBackend
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.propagation import trace_headers


def configured_backends(settings: Settings) -> dict[str, BackendSettings]:
    """Those of the table, then those of the keys that mean a single one."""
    single: dict[str, BackendSettings] = {}
    if settings.inference_url is not None:
        single["aleph-alpha"] = BackendSettings(kind="aleph-alpha", url=settings.inference_url)
    if (endpoint := settings.openai_inference) is not None:
        single["openai"] = BackendSettings(kind="openai", url=endpoint.url, token=endpoint.token)
    if both := single.keys() & settings.backends.keys():
        raise ConfigError(
            f"backends.{min(both)} has the name of the backend that inference-url or openai-inference describes; give "
            "it another"
        )
    return {**settings.backends, **single}


def routed_backend(settings: Settings, environ: Mapping[str, str]) -> RoutedBackend:
    """Raises :class:`ConfigError` for what no single table can tell is wrong."""
    backends = configured_backends(settings)
    _check(backends)
    return RoutedBackend([_route(name, table, settings, environ) for name, table in backends.items()])


def embedded_backend(model: EmbeddedModelSettings) -> EmbeddedBackend:
    return EmbeddedBackend(
        EmbeddedOptions(
            file=model.file,
            any_model=model.any_model,
            context=model.context,
            answer_tokens=model.answer_tokens,
            parallel=model.parallel,
            queued=model.queued,
            threads=model.threads,
        )
    )


def _check(backends: Mapping[str, BackendSettings]) -> None:
    for name, table in backends.items():
        for other in table.fall_back:
            if other not in backends or other == name:
                reason = "that is itself" if other == name else f"backends are {', '.join(sorted(backends))}"
                raise ConfigError(f'backends.{name}.fall-back: can not fall back on "{other}" ({reason})')
    if len(embedded := [name for name, table in backends.items() if table.kind == "embedded"]) > 1:
        raise ConfigError(f"backends {', '.join(embedded)}: only one can be of the kind embedded")


def _route(name: str, table: BackendSettings, settings: Settings, environ: Mapping[str, str]) -> Route:
    shown = f"backend {name}"
    breaker = CircuitBreaker(shown, BreakerOptions(table.failures, table.failure_pause), time.monotonic)
    places = None if table.max_concurrent is None else Places(shown, table.max_concurrent, table.max_queued)
    backend = GuardedBackend(_backend(name, table, settings, environ), breaker, places)
    return Route(name, backend, table.models, table.aliases, table.fall_back)


def _backend(name: str, table: BackendSettings, settings: Settings, environ: Mapping[str, str]) -> InferenceBackend:
    if table.kind == "embedded":
        return embedded_backend(settings.embedded_model)
    options = (AlephAlphaOptions if table.kind == "aleph-alpha" else OpenAiOptions)(
        url=table.url or "",
        token=backend_token(name, table, environ),
        name=f"backend {name}",
        answer_seconds=table.answer_seconds,
    )
    retries = table.retries if table.retries is not None else 0 if table.fall_back else options.retry.retries
    options = replace(options, retry=replace(options.retry, retries=retries))
    if isinstance(options, AlephAlphaOptions):
        return AlephAlphaBackend(options, trace_headers=trace_headers)
    return OpenAiBackend(options, trace_headers=trace_headers)


def backend_token(name: str, table: BackendSettings, environ: Mapping[str, str]) -> str | None:
    """The kernel's own, if it has one for this backend."""
    return referred_secret(f"backends.{name}.token", table.token, table.token_env, table.token_file, environ)
