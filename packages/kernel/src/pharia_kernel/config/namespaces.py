"""Settings of one namespace: where its skills and their tools come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from pharia_kernel.config.instances import InstanceSettings
from pharia_kernel.config.lua import LuaProfile
from pharia_kernel.config.mcp import McpServers
from pharia_kernel.config.quotas import QuotaSettings
from pharia_kernel.config.registry import RegistrySettings
from pharia_kernel.config.skill_entries import SkillEntries, SkillName
from pharia_kernel.config.skill_tools import SkillToolChoice
from pharia_kernel.config.tables import DirectoryPath, NoneIfEmpty, Words

FILE = "file://"
_VISIBLE = re.compile(r"[!-~]+", re.ASCII)
_REGISTRY = ("path", *RegistrySettings.model_fields)


def _config_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        scheme, host = parts.scheme, parts.hostname
        _ = parts.port
    except ValueError:
        scheme, host = "", None
    if scheme == "file" and text.startswith(FILE) and len(text) > len(FILE):
        return text
    if scheme not in ("http", "https"):
        raise ValueError(f"Unsupported URL scheme: {scheme or 'none'}; write it like https://… or file://…")
    if not host:
        raise ValueError("a URL needs a host; write it like https://git.example.org/team/skills.toml")
    if parts.username or parts.password:
        raise ValueError("a URL has no user or password here; set config-access-token")
    return text


def _header(token: SecretStr) -> SecretStr:
    if not _VISIBLE.fullmatch(token.get_secret_value()):
        raise ValueError("a token has visible ASCII characters only, otherwise no header can carry it")
    return token


ConfigUrl = Annotated[str, AfterValidator(_config_url)]
Token = Annotated[SecretStr, AfterValidator(_header)]
Shape = Literal["described", "watched", "in place"]


class NamespaceSettings(RegistrySettings):
    """One namespace, in one of three shapes.

    Described elsewhere (``config-url`` and a registry), a watched directory (``directory``), or described in place
    (``skills`` and a registry); the first of them that is there counts. The registry is ``registry`` or ``path``.
    """

    directory: DirectoryPath | None = None
    """Every component in it is a skill."""
    config_url: Annotated[ConfigUrl | None, NoneIfEmpty] = None
    """Of the TOML document that describes the namespace."""
    config_access_token: Annotated[Token | None, NoneIfEmpty] = None
    skills: SkillEntries | None = None
    path: DirectoryPath | None = None
    """Directory in which skills are found by name, as ``NAME.wasm``; tags mean nothing there."""
    native_tools: Words = ()
    """Beside those of the description, like the servers."""
    mcp_servers: McpServers = ()
    """Where several have a tool of the same name, the first has it."""
    skill_tools: SkillToolChoice = False
    """Which of its function skills its skills may call as tools."""
    lua_profile: LuaProfile | None = None
    """What its Lua skills may touch; by default ``standard`` in a watched directory and ``locked`` elsewhere."""
    lua_model: str | None = Field(default=None, min_length=1)
    """The model behind ``vulcan.models.llm``."""
    limits: QuotaSettings = Field(default_factory=QuotaSettings)
    """Of all its skills together, and of each of their calls."""
    instances: InstanceSettings = Field(default_factory=InstanceSettings)
    """Of those of its skills that say nothing else."""
    skill_instances: dict[SkillName, InstanceSettings] = Field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        if self.config_url is not None:
            return "described"
        return "in place" if self.directory is None else "watched"

    @property
    def config_file(self) -> Path | None:
        """Of a description that is a file: what stands behind ``file://``, so that it can be a relative path."""
        if self.config_url is None or not self.config_url.startswith(FILE):
            return None
        return Path(self.config_url.removeprefix(FILE))

    @property
    def unused(self) -> tuple[str, ...]:
        """Keys that were set and belong to another shape."""
        others = {
            "described": ("directory", "skills"),
            "watched": ("config_access_token", "skills", *_REGISTRY),
            "in place": ("config_access_token",),
        }[self.shape]
        unused = [name for name in others if name in self.model_fields_set]
        if self.registry is not None and self.path is not None and self.shape != "watched":
            unused.append("path")
        return tuple(name.replace("_", "-") for name in unused)

    @model_validator(mode="after")
    def _has_a_shape(self) -> NamespaceSettings:
        if self.config_url is None and self.directory is None and self.skills is None:
            raise ValueError(
                "does not say where its skills are; set directory (every component in it is a skill), or skills or "
                "config-url together with registry or path"
            )
        if self.shape != "watched" and self.registry is None and self.path is None:
            told = "config-url" if self.config_url is not None else "skills"
            raise ValueError(f"{told} says which skills there are, but not where; set registry or path")
        return self
