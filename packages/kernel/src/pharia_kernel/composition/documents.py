"""Where documents are found, and what turns texts into vectors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pharia_kernel.config import Settings
from pharia_kernel.csi.documents import AbsentDocuments
from pharia_kernel.csi.documents.embedded import EmbeddedDocuments, EmbeddedOptions
from pharia_kernel.csi.documents.remote import RemoteDocuments, RemoteOptions
from pharia_kernel.csi.documents.store import IndexDefinition
from pharia_kernel.csi.embeddings import Embedder, EmbeddingOptions, OpenAiEmbedder, StaticEmbedder
from pharia_kernel.errors import ConfigError, NotConfigured, UnsupportedOperation
from pharia_kernel.telemetry.propagation import trace_headers

Index = AbsentDocuments | EmbeddedDocuments | RemoteDocuments


def document_index(settings: Settings) -> Index:
    """The chosen index. Raises :class:`ConfigError`."""
    choice, url = settings.document_index, settings.document_index_url
    if choice == "auto":
        choice = "embedded" if url is None else "remote"
    if choice == "remote":
        if url is None:
            raise ConfigError("document-index = remote needs the address of the index (set DOCUMENT_INDEX_URL)")
        return RemoteDocuments(RemoteOptions(url), trace_headers=trace_headers)
    return embedded_documents(settings) if choice == "embedded" else AbsentDocuments()


def embedded_documents(settings: Settings) -> EmbeddedDocuments:
    table = settings.embedded_documents
    options = EmbeddedOptions(
        directory=table.directory or default_directory(),
        index=IndexDefinition(passage_characters=table.passage_characters, overlap_characters=table.overlap_characters),
        any_index=table.any_index,
        document_bytes=table.document_bytes,
        query_bytes=table.query_bytes,
        results=table.results,
        read_seconds=table.read_seconds,
        write_seconds=table.write_seconds,
        threads=settings.threads,
    )
    return EmbeddedDocuments(options, embedder(settings))


def embedder(settings: Settings) -> Embedder:
    table = settings.embeddings
    if table.url is None:
        return StaticEmbedder(settings.threads)
    options = EmbeddingOptions(
        url=table.url,
        model=table.model,
        token=table.token.get_secret_value() or None,
        batch=table.batch,
        concurrent=table.concurrent,
        answer_seconds=table.answer_seconds,
    )
    return OpenAiEmbedder(options, trace_headers=trace_headers)


def kept_here(index: object) -> EmbeddedDocuments:
    """What can be changed through this kernel. Raises :class:`~pharia_kernel.errors.CsiError`."""
    if isinstance(index, EmbeddedDocuments):
        return index
    if isinstance(index, RemoteDocuments):
        raise UnsupportedOperation(
            "the documents of this kernel are in a remote index (DOCUMENT_INDEX_URL); add them there"
        )
    raise NotConfigured("this kernel runs without a document index (set DOCUMENT_INDEX to embedded)")


def default_directory(environ: Mapping[str, str] | None = None) -> Path:
    return data_directory("documents", "embedded-documents.directory", environ)


def data_directory(name: str, setting: str, environ: Mapping[str, str] | None = None) -> Path:
    """``$XDG_DATA_HOME/pharia-kernel/NAME``, or below ``~/.local/share``."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_DATA_HOME", "")
    if base.startswith("/"):
        return Path(base) / "pharia-kernel" / name
    try:
        return Path(environ.get("HOME") or Path.home()) / ".local" / "share" / "pharia-kernel" / name
    except RuntimeError as error:
        raise ConfigError(
            f"{setting}: this user has no home directory (set {setting.upper().replace('.', '__').replace('-', '_')})"
        ) from error
