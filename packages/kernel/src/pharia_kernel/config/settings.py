"""What can be set. Keys of the file are kebab-case; variables are upper snake case with ``__`` between tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr

from pharia_kernel.config.log_level import parse_log_level
from pharia_kernel.config.units import parse_address, parse_duration, parse_size
from pharia_kernel.errors import ConfigError, InvalidNamespace
from pharia_kernel.types import check_namespace

KIB = 1024
MIB = 1024 * KIB
MAX_OUTPUT_BYTES = 2_796_202
"""More does not cross the component boundary in one list."""

InferenceChoice = Literal["auto", "openai", "embedded", "none"]


def default_cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    """``$XDG_CACHE_HOME/pharia-kernel``, or ``~/.cache/pharia-kernel``."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "pharia-kernel"
    try:
        return Path(environ.get("HOME") or Path.home()) / ".cache" / "pharia-kernel"
    except RuntimeError as error:
        raise ConfigError("cache-dir: this user has no home directory (set CACHE_DIR)") from error


def _address(text: str) -> str:
    parse_address(text)
    return text


def _log_level(text: str) -> str:
    parse_log_level(text)
    return text


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("not an http or https URL; write it like https://api.example.org/v1")
    return text.rstrip("/")


def _directory(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path has no NUL characters")
    return path.expanduser() if str(path).startswith("~") else path


def _namespace(name: str) -> str:
    try:
        return check_namespace(name)
    except InvalidNamespace as error:
        raise ValueError(str(error)) from error


def _words(value: object) -> object:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(parse_duration)]
Bytes = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
DirectoryPath = Annotated[Path, AfterValidator(_directory)]
NamespaceName = Annotated[str, AfterValidator(_namespace)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class Table(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=lambda name: name.replace("_", "-"),
        hide_input_in_errors=True,
    )


class NamespaceSettings(Table):
    """One namespace: every component of a directory is a skill."""

    directory: DirectoryPath
    native_tools: Words = ()


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
    threads: int | None = Field(default=None, gt=0)


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


class LimitSettings(Table):
    """What one invocation, and all of them together, may use."""

    memory_bytes: Annotated[Bytes, Field(le=4 * 1024 * MIB)] = 512 * MIB
    deadline_seconds: Seconds = 600.0
    input_bytes: Bytes = 4 * MIB
    output_bytes: Annotated[Bytes, Field(le=MAX_OUTPUT_BYTES)] = 2_700_000
    log_bytes: Bytes = 64 * KIB
    concurrent_calls: int = Field(default=1000, gt=0)
    queued_calls: int = Field(default=1000, ge=0)
    grace_seconds: Seconds = 30.0
    """How long calls in flight may go on after the kernel was told to stop."""
    body_seconds: Seconds = 60.0
    """How long a client may take to send its request body, or to read the next event of a stream."""
    heartbeat_seconds: Seconds = 15.0
    """After this long without an event a message stream carries a comment line."""


class Settings(Table):
    """Everything that can be set; :func:`~pharia_kernel.config.load_settings` reads it from file and environment."""

    kernel_address: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8081"
    workers: int = Field(default=1, gt=0, le=256)
    """Processes that serve."""
    threads: int | None = Field(default=None, gt=0, le=1024)
    """On which skills compute, in all workers together; without it one per core."""
    namespaces: dict[NamespaceName, NamespaceSettings] = Field(default_factory=dict)
    namespace_update_interval: Seconds = 10.0
    directory_scan_interval: Seconds = 0.25
    inference: InferenceChoice = "auto"
    openai_inference: OpenAiSettings | None = None
    embedded_model: EmbeddedModelSettings = Field(default_factory=EmbeddedModelSettings)
    chunking: ChunkingSettings = Field(default_factory=ChunkingSettings)
    language_selection: LanguageSettings = Field(default_factory=LanguageSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    cache_dir: DirectoryPath = Field(default_factory=default_cache_dir)
    log_level: Annotated[str, AfterValidator(_log_level)] = "info"

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def origins(self) -> Mapping[str, str]:
        """Where a value came from, by dotted key such as ``limits.memory-bytes``; what is not here is a default."""
        return self._origins

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader noticed and the operator should know."""
        return self._warnings

    def with_provenance(self, origins: Mapping[str, str], warnings: tuple[str, ...]) -> Settings:
        """The same settings, knowing where they came from."""
        copy = self.model_copy()
        copy._origins = dict(origins)
        copy._warnings = warnings
        return copy

    def effective(self) -> dict[str, Any]:
        """Every value by dotted key, in order of declaration; secrets stay wrapped."""
        return dict(_flat(self, ""))


def _flat(table: Table, prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, info in type(table).model_fields.items():
        key, value = prefix + (info.alias or name), getattr(table, name)
        if isinstance(value, Table):
            found += _flat(value, f"{key}.")
        elif isinstance(value, dict):
            for member, inner in value.items():
                found += _flat(inner, f"{key}.{member}.")
        else:
            found.append((key, value))
    return found
