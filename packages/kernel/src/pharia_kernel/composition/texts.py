"""Chunking and language selection."""

from __future__ import annotations

from pharia_kernel.composition.tokenizers import tokenizer_sources
from pharia_kernel.config import Settings
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.language import LanguageOptions, LanguageSelector


def chunker(settings: Settings, backend: InferenceBackend) -> Chunker:
    chunking = settings.chunking
    options = ChunkingOptions(
        fall_back=chunking.fallback == "characters", text_bytes=chunking.text_bytes, threads=settings.threads
    )
    return Chunker(options, tokenizer_sources(settings, backend))


def language_selector(settings: Settings) -> LanguageSelector:
    language = settings.language_selection
    return LanguageSelector(
        LanguageOptions(
            processes=language.processes, memory_bytes=language.memory_bytes, text_bytes=language.text_bytes
        )
    )
