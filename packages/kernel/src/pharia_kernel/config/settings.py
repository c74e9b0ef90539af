"""What can be set. Keys of the file are kebab-case; variables are upper snake case with ``__`` between tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, PrivateAttr

from pharia_kernel.config.access import AccessSettings, CorsSettings, chosen_mode
from pharia_kernel.config.backends import BackendName, BackendSettings
from pharia_kernel.config.documents import (
    DocumentIndexChoice,
    EmbeddedDocumentSettings,
    EmbeddingSettings,
)
from pharia_kernel.config.feature_set import STABLE, FeatureSet
from pharia_kernel.config.inference import EmbeddedModelSettings, InferenceChoice, OpenAiSettings
from pharia_kernel.config.limits import LimitSettings
from pharia_kernel.config.log_level import parse_log_level
from pharia_kernel.config.lua import LuaSettings
from pharia_kernel.config.mcp import McpSettings
from pharia_kernel.config.memory import code_bytes
from pharia_kernel.config.namespaces import NamespaceSettings
from pharia_kernel.config.quotas import CallerSettings
from pharia_kernel.config.registry import ImageSettings
from pharia_kernel.config.shutdown import ShutdownSettings
from pharia_kernel.config.skill_tools import SkillToolSettings
from pharia_kernel.config.tables import Bytes, DirectoryPath, NamespaceName, OptionalUrl, Seconds, Table
from pharia_kernel.config.telemetry import (
    AUDIT_WITH_LOG,
    AuditLog,
    LogFormat,
    MetricsAddress,
    OtelEndpoint,
    OtelProtocol,
    SamplingRatio,
)
from pharia_kernel.config.texts import ChunkingSettings, LanguageSettings
from pharia_kernel.config.units import parse_address
from pharia_kernel.config.usage import UsageSettings
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
    """On which skills compute, in all workers together; without it one per core, and two in each of several workers."""
    namespaces: dict[NamespaceName, NamespaceSettings] = Field(default_factory=dict)
    namespace_update_interval: Seconds = 10.0
    directory_scan_interval: Seconds = 0.25
    config_reload_interval: Seconds | None = None
    """Seconds between looks whether the settings have changed; without it only SIGHUP reads them again."""
    memory_request: Bytes | None = None
    """Of the deployment; a part of it is for the code of skills."""
    memory_limit: Bytes | None = None
    """Counts where there is no request."""
    pharia_ai_feature_set: FeatureSet = STABLE
    inference: InferenceChoice = "auto"
    inference_url: OptionalUrl = None
    """Of an API of Aleph Alpha, which is asked with the token of each caller."""
    openai_inference: OpenAiSettings | None = None
    backends: dict[BackendName, BackendSettings] = Field(default_factory=dict)
    embedded_model: EmbeddedModelSettings = Field(default_factory=EmbeddedModelSettings)
    chunking: ChunkingSettings = Field(default_factory=ChunkingSettings)
    language_selection: LanguageSettings = Field(default_factory=LanguageSettings)
    document_index: DocumentIndexChoice = "auto"
    document_index_url: OptionalUrl = None
    embedded_documents: EmbeddedDocumentSettings = Field(default_factory=EmbeddedDocumentSettings)
    embeddings: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    mcp: McpSettings = Field(default_factory=McpSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    shutdown: ShutdownSettings = Field(default_factory=ShutdownSettings)
    callers: dict[str, CallerSettings] = Field(default_factory=dict)
    """By the id of the caller; ``default`` is everybody else, each by itself."""
    usage: UsageSettings = Field(default_factory=UsageSettings)
    authorization_url: OptionalUrl = None
    """Base URL of the IAM service."""
    access: AccessSettings = Field(default_factory=AccessSettings)
    cors: CorsSettings = Field(default_factory=CorsSettings)
    skill_tools: SkillToolSettings = Field(default_factory=SkillToolSettings)
    lua: LuaSettings = Field(default_factory=LuaSettings)
    images: ImageSettings = Field(default_factory=ImageSettings)
    cache_dir: DirectoryPath = Field(default_factory=default_cache_dir)
    code_cache_bytes: Bytes = 16 * 1024**3
    """Of compiled components on disk; a Python skill has 45 MB."""
    compilation: Literal["optimised", "quick"] = "optimised"
    """Of components: to code that runs fast, or with less than half the work."""
    log_level: Annotated[str, AfterValidator(_log_level)] = "info"
    log_format: LogFormat = "auto"
    audit_log: AuditLog = AUDIT_WITH_LOG
    otel_endpoint: OtelEndpoint = None
    """Of the collector that traces are sent to."""
    otel_protocol: OtelProtocol = "auto"
    otel_sampling_ratio: SamplingRatio = 0.1
    """Of the traces that begin here."""
    otel_gen_ai_content_capture: bool = False
    """Whether traces show what models were asked and what they answered."""
    metrics_address: MetricsAddress = None
    """Where Prometheus reads."""

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

    @property
    def code_bytes(self) -> int:
        """Of components that stay loaded."""
        return code_bytes(self.memory_request, self.memory_limit)

    @property
    def access_mode(self) -> Literal["none", "keys", "jwt", "iam"]:
        """Who may call; raises :class:`ConfigError` for settings that contradict each other."""
        return chosen_mode(self.access, self.authorization_url)

    def with_provenance(self, origins: Mapping[str, str], warnings: tuple[str, ...]) -> Settings:
        """The same settings, knowing where they came from."""
        copy = self.model_copy()
        copy._origins = dict(origins)
        copy._warnings = warnings
        return copy

    def effective(self) -> dict[str, Any]:
        """Every value by dotted key, in order of declaration; secrets stay wrapped."""
        return dict(_flat(self, ""))


def _holds_tables(annotation: Any) -> bool:
    inner = get_args(annotation)
    return bool(inner) and isinstance(inner[-1], type) and issubclass(inner[-1], Table)


def _flat(table: Table, prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, info in type(table).model_fields.items():
        key, value = prefix + (info.alias or name), getattr(table, name)
        if isinstance(value, Table):
            found += _flat(value, f"{key}.")
        elif isinstance(value, dict) and _holds_tables(info.annotation):
            for member, inner in value.items():
                found += _flat(inner, f"{key}.{member}.")
        else:
            found.append((key, value))
    return found
