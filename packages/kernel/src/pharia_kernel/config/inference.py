"""Settings of the sources of model answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from pharia_kernel.config.tables import DirectoryPath, HttpUrl, Table

InferenceChoice = Literal["auto", "aleph-alpha", "openai", "embedded", "none"]


class OpenAiSettings(Table):
    """An endpoint that speaks the OpenAI API."""

    url: HttpUrl
    """Base URL, with its version part such as ``/v1``, without a slash at the end."""
    token: SecretStr


class EmbeddedModelSettings(Table):
    """The model that runs inside the kernel."""

    file: DirectoryPath | None = None
    """GGUF file; without it the model of the ``model`` extra."""
    any_model: bool = True
    """Answer whatever model name a skill asks for."""
    context: int = Field(default=2048, gt=0)
    """Tokens per request."""
    answer_tokens: int = Field(default=512, gt=0)
    """Most tokens of an answer where the skill does not say."""
    parallel: int = Field(default=4, gt=0, le=256)
    """Requests answered at the same time."""
    queued: int = Field(default=1000, ge=0)
    """Requests that wait for their turn; more are refused."""
    threads: int | None = Field(default=None, gt=0)
