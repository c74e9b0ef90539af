"""What can be set. Keys of the file are kebab-case; variables are upper snake case with ``__`` between tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr

from pharia_kernel.config.inference import EmbeddedModelSettings, InferenceChoice, OpenAiSettings
from pharia_kernel.config.limits import LimitSettings
from pharia_kernel.config.log_level import parse_log_level
from pharia_kernel.config.namespaces import NamespaceSettings
from pharia_kernel.config.tables import DirectoryPath, NamespaceName, Seconds, Table
from pharia_kernel.config.texts import ChunkingSettings, LanguageSettings
from pharia_kernel.config.units import parse_address
from pharia_kernel.errors import ConfigError


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
