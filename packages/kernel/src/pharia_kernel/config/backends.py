"""Settings of several sources of model answers at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from pharia_kernel.config.tables import DirectoryPath, HttpUrl, Seconds, Table, Words

BackendKind = Literal["openai", "aleph-alpha", "embedded"]
BackendName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class BackendSettings(Table):
    """One of several sources of model answers."""

    kind: BackendKind
    url: HttpUrl | None = None
    """Base URL, with its version part such as ``/v1`` for the kind ``openai``, without a slash at the end."""
    token: SecretStr | None = None
    """Without one, ``aleph-alpha`` is asked with the token of each caller and ``openai`` without any."""
    token_env: str | None = None
    """Name of the environment variable that holds the token."""
    token_file: DirectoryPath | None = None
    """File that holds the token; read when the kernel starts."""
    models: Words = ("*",)
    """Names of models it answers for; ``*`` and ``?`` stand for characters."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Names that skills ask for, with or without wild cards, and what the models are called at the backend."""
    fall_back: Words = ()
    """Backends to ask, in this order, when this one can not answer."""
    max_concurrent: int | None = Field(default=None, gt=0)
    """Requests under way at the same time; the embedded model has its own number."""
    max_queued: int = Field(default=1000, ge=0)
    """Requests that wait for their turn; more are refused."""
    retries: int | None = Field(default=None, ge=0, le=20)
    """After a failure that may pass; by default 3, 5 for ``aleph-alpha``, none with something to fall back on."""
    answer_seconds: Seconds = 300.0
    """For a whole answer, or until a stream begins; with all retries."""
    failures: int = Field(default=5, gt=0)
    """In a row, until the backend is left alone."""
    failure_pause: Seconds = 15.0
    """How long it is left alone before one request tries it again."""

    @model_validator(mode="after")
    def _complete(self) -> BackendSettings:
        references = [self.token, self.token_env, self.token_file]
        if self.kind == "embedded" and any(value is not None for value in (self.url, *references)):
            raise ValueError("the embedded model has no url and no token")
        if self.kind != "embedded" and self.url is None:
            raise ValueError(f"a backend of the kind {self.kind} needs a url")
        if sum(value is not None for value in references) > 1:
            raise ValueError("token, token-env and token-file contradict each other; keep one")
        return self
