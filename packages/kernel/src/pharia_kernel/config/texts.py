"""Settings of what is done to texts without a model's answer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pharia_kernel.config.tables import MIB, Bytes, DirectoryPath, HttpUrl, Table


class ChunkingSettings(Table):
    """How texts are measured and split."""

    directory: DirectoryPath | None = None
    """Tokenizers of models: ``MODEL.json`` or ``MODEL/tokenizer.json``, in the format of Hugging Face."""
    url: HttpUrl | None = None
    """An inference API of Aleph Alpha that gives tokenizers; asked with the caller's token."""
    fallback: Literal["none", "characters"] = "none"
    """What to measure in where there is no tokenizer."""
    text_bytes: Bytes = 16 * MIB


class LanguageSettings(Table):
    """Telling in which language a text is written."""

    processes: int = Field(default=2, gt=0, le=64)
    """Texts looked at at the same time; started when needed."""
    memory_bytes: Bytes = 1536 * MIB
    """A process that holds more is ended after its answer, and the next one loads its languages anew."""
    text_bytes: Bytes = 4 * MIB
