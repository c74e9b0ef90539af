"""Settings of MCP servers: what each is given, and the limits for all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pharia_kernel.config.tables import MIB, Bytes, DirectoryPath, Seconds, Table

_SECRET = re.compile(r"authorization|token|secret|password|cookie|api[-_]?key", re.IGNORECASE)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = frozenset({"accept", "content-type", "content-length", "host", "connection", "transfer-encoding"})
_PROTOCOL = "mcp-"


def _url(text: str) -> str:
    """As it is: a slash at its end makes it another one."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("not the http or https URL of a server; write it like https://tools.example.org/mcp")
    if parts.username or parts.password:
        raise ValueError("a URL has no user or password here; name them in the server's secrets")
    return text


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _printable(values: dict[str, str]) -> dict[str, str]:
    for name, value in values.items():
        if not value.isprintable():
            raise ValueError(f"{name} has a line break, or what can not be printed")
        if _SECRET.search(name):
            raise ValueError(
                f'{name} looks like a secret; name where it is: secrets = {{ {name} = {{ env = "NAME" }} }}'
            )
    return values


Plain = Annotated[dict[str, str], AfterValidator(_printable)]


class SecretSettings(Table):
    """Where a secret is; the value itself is not part of the configuration."""

    env: Annotated[str, Field(pattern=_VARIABLE.pattern)] | None = None
    """Name of a variable of the kernel's environment."""
    file: Path | None = None
    prefix: str = ""
    """Such as ``Bearer`` and a space."""

    @model_validator(mode="after")
    def _one(self) -> SecretSettings:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret has either env, the name of a variable, or file, a path")
        return self


class McpServerSettings(Table):
    """One server; in the file either this table, or only its URL."""

    url: Annotated[str, AfterValidator(_url)] | None = None
    command: Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)] | None = None
    """Program and arguments, for a server that speaks on standard input and output."""
    headers: Plain = Field(default_factory=dict)
    environment: Plain = Field(default_factory=dict)
    secrets: dict[str, SecretSettings] = Field(default_factory=dict)
    """Headers of a URL, environment of a command."""
    directory: DirectoryPath | None = None
    timeout: Annotated[Seconds, Field(gt=0)] | None = None
    """Of a tool call."""

    @model_validator(mode="after")
    def _either(self) -> McpServerSettings:
        if (self.url is None) == (self.command is None):
            raise ValueError("a server has either url or command")
        if self.url is not None and (self.environment or self.directory):
            raise ValueError("environment and directory are for a server with a command; a URL takes headers")
        if self.command is not None and self.headers:
            raise ValueError("headers are for a server with a url; a command takes environment")
        names = _HEADER if self.url is not None else _VARIABLE
        for name in (*self.headers, *self.environment, *self.secrets):
            if not names.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a {'header' if self.url else 'variable'}")
            if self.url is not None and (name.lower() in _OURS or name.lower().startswith(_PROTOCOL)):
                raise ValueError(f"{name} is set by the protocol")
        return self


def _servers(value: Any) -> Any:
    if isinstance(value, str):
        value = [word.strip() for word in value.split(",") if word.strip()]
    if isinstance(value, list | tuple):
        return tuple({"url": item} if isinstance(item, str) else item for item in value)
    return value


McpServers = Annotated[tuple[McpServerSettings, ...], BeforeValidator(_servers)]


class McpSettings(Table):
    """Limits for the servers of all namespaces."""

    call_seconds: Annotated[Seconds, Field(gt=0)] = 60.0
    connect_seconds: Annotated[Seconds, Field(gt=0)] = 10.0
    refresh_seconds: Annotated[Seconds, Field(gt=0)] = 60.0
    """Age at which a list of tools is asked for again."""
    text_bytes: Bytes = MIB
    """Of the texts a tool answers."""
