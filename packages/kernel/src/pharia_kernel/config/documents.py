"""Settings of where documents are kept and found, and of what turns texts into vectors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from pharia_kernel.config.tables import MIB, Bytes, DirectoryPath, HttpUrl, Seconds, Table

DocumentIndexChoice = Literal["auto", "remote", "embedded", "none"]


class EmbeddedDocumentSettings(Table):
    """The document index inside the kernel."""

    directory: DirectoryPath | None = None
    """Where the documents are; without it ``pharia-kernel/documents`` in the user's data directory."""
    passage_characters: int = Field(default=800, ge=20, le=100_000)
    overlap_characters: int = Field(default=100, ge=0)
    """How documents of new collections are cut."""
    any_index: bool = True
    """Answer whatever index name a skill asks for."""
    document_bytes: Bytes = 16 * MIB
    query_bytes: Bytes = 64 * 1024
    results: int = Field(default=1000, gt=0, le=10_000)
    """Most of one search."""
    read_seconds: Seconds = 60.0
    write_seconds: Seconds = 600.0

    @model_validator(mode="after")
    def _overlap(self) -> EmbeddedDocumentSettings:
        if self.overlap_characters >= self.passage_characters:
            raise ValueError("overlap-characters must be smaller than passage-characters")
        return self


class EmbeddingSettings(Table):
    """An endpoint that speaks the OpenAI API; without it the embedded model."""

    url: HttpUrl | None = None
    """With its version part, such as ``/v1``."""
    token: SecretStr = SecretStr("")
    model: str = ""
    batch: int = Field(default=64, gt=0, le=2048)
    """Texts in one request."""
    concurrent: int = Field(default=4, gt=0, le=256)
    """Requests at the same time."""
    answer_seconds: Seconds = 60.0

    @model_validator(mode="after")
    def _has_model(self) -> EmbeddingSettings:
        if self.url is not None and not self.model:
            raise ValueError("an endpoint needs the name of a model (set EMBEDDINGS__MODEL)")
        return self
