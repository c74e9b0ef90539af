"""Where the tokenizers of models come from: files first, then the backends that answer for the models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from pharia_kernel.composition.backends import backend_token, configured_backends
from pharia_kernel.config import Settings, inference_source
from pharia_kernel.csi.chunking.aleph_alpha import RemoteTokenizers
from pharia_kernel.csi.chunking.embedded import EmbeddedTokenizer
from pharia_kernel.csi.chunking.renamed import RenamedTokenizers
from pharia_kernel.csi.chunking.sources import TokenizerFiles, TokenizerSource
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend
from pharia_kernel.csi.inference.routed import Route, RoutedBackend
from pharia_kernel.telemetry.propagation import trace_headers


def tokenizer_sources(
    settings: Settings, backend: InferenceBackend, environ: Mapping[str, str] = os.environ
) -> list[TokenizerSource]:
    """In the order in which they are asked."""
    sources: list[TokenizerSource] = []
    if (directory := settings.chunking.directory) is not None:
        sources.append(TokenizerFiles(directory))
        if isinstance(backend, RoutedBackend):
            sources += [RenamedTokenizers(TokenizerFiles(directory), _name(backend, route)) for route in backend.routes]
    if (url := _url(settings)) is not None:
        sources.append(RemoteTokenizers(url, trace_headers=trace_headers))
    if isinstance(backend, EmbeddedBackend):
        sources.append(EmbeddedTokenizer(backend.options, backend.ready))
    if isinstance(backend, RoutedBackend):
        sources += _of_routes(settings, backend, environ)
    return sources


def _url(settings: Settings) -> str | None:
    """The API for the tokenizers of all models."""
    if settings.chunking.url is not None:
        return settings.chunking.url
    return settings.inference_url if inference_source(settings) == "aleph-alpha" else None


def _of_routes(settings: Settings, backend: RoutedBackend, environ: Mapping[str, str]) -> list[TokenizerSource]:
    sources: list[TokenizerSource] = []
    tables = configured_backends(settings)
    for route in backend.routes:
        table = tables[route.name]
        source: TokenizerSource | None = None
        if table.kind == "aleph-alpha" and table.url is not None:
            token = backend_token(route.name, table, environ)
            source = RemoteTokenizers(table.url, token=token, trace_headers=trace_headers)
        elif isinstance(embedded := getattr(route.backend, "guarded", None), EmbeddedBackend):
            source = EmbeddedTokenizer(embedded.options, embedded.ready)
        if source is not None:
            sources.append(RenamedTokenizers(source, _name(backend, route)))
    return sources


def _name(backend: RoutedBackend, route: Route) -> Callable[[str], str | None]:
    """What a model is called at the route's backend, if that is the one that answers for it."""

    def name(model: str) -> str | None:
        first = next(iter(backend.routes.targets(model)), None)
        return first.model if first is not None and first.route is route else None

    return name
