"""Chunking and language selection."""

from __future__ import annotations

from pharia_kernel.config import Settings
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.chunking.aleph_alpha import RemoteTokenizers
from pharia_kernel.csi.chunking.embedded import EmbeddedTokenizer
from pharia_kernel.csi.chunking.sources import TokenizerFiles, TokenizerSource
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend
from pharia_kernel.csi.language import LanguageOptions, LanguageSelector
from pharia_kernel.telemetry.propagation import trace_headers


def chunker(settings: Settings, backend: InferenceBackend) -> Chunker:
    chunking = settings.chunking
    sources: list[TokenizerSource] = []
    if chunking.directory is not None:
        sources.append(TokenizerFiles(chunking.directory))
    if chunking.url is not None:
        sources.append(RemoteTokenizers(chunking.url, trace_headers=trace_headers))
    if isinstance(backend, EmbeddedBackend):
        sources.append(EmbeddedTokenizer(backend.options, backend.ready))
    options = ChunkingOptions(
        fall_back=chunking.fallback == "characters", text_bytes=chunking.text_bytes, threads=settings.threads
    )
    return Chunker(options, sources)


def language_selector(settings: Settings) -> LanguageSelector:
    language = settings.language_selection
    return LanguageSelector(
        LanguageOptions(
            processes=language.processes, memory_bytes=language.memory_bytes, text_bytes=language.text_bytes
        )
    )
